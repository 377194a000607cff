{{ relief_cells(ref('fct_triple_protection')) }}
