{{ relief_labels(ref('cube_assisted_care')) }}
