{{ relief_labels(ref('cube_triple_protection')) }}
