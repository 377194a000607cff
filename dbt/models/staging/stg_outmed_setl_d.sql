-- depends_on: {{ source('raw', 'outmed_setl_d') }}, {{ source('ops', 'superseded') }}
{{ staged_settlements('outmed_setl_d') }}
