{# What each person drew in a month, copied out of the fact month by month: who drew what in a year is put together from this
   table, so that after one corrected month the other months of the fact stay closed. Only settlements that may stand; of
   flagged ones without a mirror the definition decides later (R1), as it does about the statistics clock. #}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=[
        "{{ widen_codes('person_month') }}",
        "{% if is_incremental() %}{{ delete_months(touched_months()) }}{% endif %}",
    ],
) }}

-- depends_on: {{ ref('code_domain') }}
{%- set months = touched_months() if is_incremental() else [] %}

with settlements as (
    select * from {{ ref('fct_settlement') }}
    where
        reversal_class in ('live', 'flagged_alone')
        {% if is_incremental() -%}
        and {{ month_in('settlement_month', months) }}
        {%- endif %}
),

-- Figures of persons are those of one scheme; without one a settlement is in none of them.
schemes as (
    select
        {{ as_code('scheme_code', 'scheme') }} as scheme_code,
        {{ as_code('scheme', 'scheme_group') }} as scheme
    from {{ ref('scheme_map') }}
),

final as (
    select
        settlements.settlement_month,
        settlements.end_month,
        settlements.create_month,
        settlements.province,
        settlements.insured_region,
        schemes.scheme,
        settlements.person_key,
        settlements.reversal_class = 'flagged_alone' as is_flagged_alone,
        bit_or({{ benefit_flags() }}) as benefit_flags
    from settlements
    inner join schemes on settlements.scheme_code = schemes.scheme_code
    group by all
)

{{ as_codes('final', 'person_month') }}
