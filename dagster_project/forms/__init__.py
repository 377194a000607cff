"""The official forms of a bureau: declared as data, filled from the cubes, held against each other.

Belongs here: which forms there are (`forms.yml`), their cells, cross-form rules and workbook. Does not belong here: labels and
amounts (dbt models `form_care`, `form_control`), publication: forms are internal returns and leave by the export verb alone.
"""
