{# What the settlements that a reversal concerns amount to, copied out of the fact month by month: a mirror and its original
   mostly lie in two months, and one corrected month must not make the comparison read the other. A row becomes concerned
   or ceases to be by what is delivered in another month; settlement_rebuild then makes its own month due, so that this
   table always holds the rows of settlement_link. #}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=[
        "{{ widen_codes('fct_settlement') }}",
        "{% if is_incremental() %}{{ delete_months(touched_months()) }}{% endif %}",
    ],
) }}

-- depends_on: {{ ref('code_domain') }}
{%- set months = touched_months() if is_incremental() else [] %}
{#- sqlfluff knows no macro that gives a list, hence the fallback. -#}
{%- set amounts = settlement_amounts() or [('total_fee_yuan', 'medfee_sumamt')] %}

with settlements as (
    select * from {{ ref('fct_settlement') }}
    {% if is_incremental() -%}
    where {{ month_in('settlement_month', months) }}
    {%- endif %}
),

link as (
    select * from {{ ref('settlement_link') }}
),

final as (
    select
        settlements.load_id,
        settlements.source_row,
        settlements.settlement_month,
        settlements.province,
        settlements.insured_prefecture,
        settlements.reversal_class,
        {%- for name, column in amounts %}
        settlements.{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from settlements
    inner join link on settlements.load_id = link.load_id and settlements.source_row = link.source_row
)

select * from final
