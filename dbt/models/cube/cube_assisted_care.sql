-- L67: who was paid assistance stands in for those on the list, as in the reports; pharmacies are left out as there (L66).
{{ relief_cells(ref('fct_assisted_settlement')) }}
