{# Exams on large equipment (L87), known by the catalogue codes that a province names: of most charge lines their code alone is read,
   and lines of an exam meet their settlement once. By settlement month like the fact, and again where only lines have changed. #}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{% if is_incremental() %}{{ delete_months(touched_source_months()) }}{% endif %}",
) }}

-- depends_on: {{ source('ops', 'touched_month') }}
-- depends_on: {{ source('ops', 'touched_source_month') }}
{%- set months = touched_source_months() if is_incremental() else [] %}

with exam_items as (
    select * from {{ source('ops', 'large_exam_map') }}
),

exam_lines as (
    select
        lines_of_one.setl_id,
        lines_of_one.mdtrt_id,
        lines_of_one.fee_ocur_time,
        lines_of_one.det_item_fee_sumamt,
        exam_items.exam_kind
    from {{ ref('stg_fee_list_d') }} as lines_of_one
    inner join exam_items on lines_of_one.province = exam_items.province and lines_of_one.hilist_code = exam_items.code
    where lines_of_one.is_current and lines_of_one.vali_flag = '1' and lines_of_one.setl_id is not null
),

settlement_numbers as (
    select
        setl_id,
        load_id,
        source_row
    from {{ ref('stg_setl_d') }}
    where
        is_current
        {% if is_incremental() -%}
        and {{ time_in_months('setl_time', months) }}
        {%- endif %}
),

-- What was reversed, and what reverses it, is no exam.
settlements as (
    select
        load_id,
        source_row,
        province,
        settlement_month,
        end_month,
        create_month,
        insured_region,
        scheme_code,
        person_key,
        care_group
    from {{ ref('fct_settlement') }}
    where
        reversal_class = 'live'
        {% if is_incremental() -%}
        and {{ month_in('settlement_month', months) }}
        {%- endif %}
),

-- All lines of one kind in a settlement are one exam, on the day of the first, for what was not taken back of them.
exams as (
    select
        settlement_numbers.load_id,
        settlement_numbers.source_row,
        exam_lines.exam_kind,
        min(exam_lines.setl_id) as settlement_id,
        min(exam_lines.mdtrt_id) as encounter_id,
        cast(min(exam_lines.fee_ocur_time) as date) as exam_date,
        sum(exam_lines.det_item_fee_sumamt) as exam_fee_yuan
    from exam_lines
    inner join settlement_numbers on exam_lines.setl_id = settlement_numbers.setl_id
    group by settlement_numbers.load_id, settlement_numbers.source_row, exam_lines.exam_kind
    having sum(exam_lines.det_item_fee_sumamt) > 0
),

final as (
    select
        exams.load_id,
        exams.source_row,
        exams.exam_kind,
        settlements.province,
        settlements.settlement_month,
        settlements.end_month,
        settlements.create_month,
        settlements.insured_region,
        settlements.scheme_code,
        settlements.person_key,
        exams.settlement_id,
        exams.encounter_id,
        exams.exam_date,
        settlements.care_group = 'emergency' as is_emergency,
        cast(exams.exam_fee_yuan as decimal(16, 2)) as exam_fee_yuan
    from exams
    inner join settlements on exams.load_id = settlements.load_id and exams.source_row = settlements.source_row
)

{{ as_text('final', ['province', 'insured_region', 'scheme_code']) }}
