-- depends_on: {{ source('raw', 'setl_d') }}, {{ source('ops', 'superseded') }}
{{ staged_settlements('setl_d') }}
