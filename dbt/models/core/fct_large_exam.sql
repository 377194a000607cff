{# Exams on large equipment (L87), known by the catalogue codes that a province names. #}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{% if is_incremental() %}{{ delete_months(touched_source_months()) }}{% endif %}",
) }}

-- depends_on: {{ source('ops', 'touched_month') }}
-- depends_on: {{ source('ops', 'touched_source_month') }}
{%- set months = touched_source_months() if is_incremental() else [] %}

-- What was reversed, and what reverses it, is no exam.
with lines_of_exams as (
    select * from {{ ref('settled_line') }}
    where
        exam_kind is not null
        and reversal_class = 'live'
        {% if is_incremental() -%}
        and {{ month_in('settlement_month', months) }}
        {%- endif %}
),

-- All lines of one kind in a settlement are one exam, on the day of the first, for what was not taken back of them.
final as (
    select
        load_id,
        source_row,
        exam_kind,
        province,
        settlement_month,
        end_month,
        create_month,
        insured_region,
        scheme_code,
        person_key,
        settlement_id,
        min(encounter_id) as encounter_id,
        min(charge_date) as exam_date,
        care_group = 'emergency' as is_emergency,
        cast(sum(charge_yuan) as decimal(16, 2)) as exam_fee_yuan
    from lines_of_exams
    group by
        load_id,
        source_row,
        exam_kind,
        province,
        settlement_month,
        end_month,
        create_month,
        insured_region,
        scheme_code,
        person_key,
        settlement_id,
        care_group
    having sum(charge_yuan) > 0
)

select * from final
