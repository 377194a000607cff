{# The few charge lines that a figure is made of, negotiated drugs (L75) and exams on large equipment (L87), with their settlement: of
   all other lines the flag and the code alone are read, and the settlements are looked through once for both. By settlement month
   like the fact, and again where only lines have changed. #}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{% if is_incremental() %}{{ delete_months(touched_source_months()) }}{% endif %}",
) }}

-- depends_on: {{ source('ops', 'touched_month') }}
-- depends_on: {{ source('ops', 'touched_source_month') }}
{%- set months = touched_source_months() if is_incremental() else [] %}

with lines as {{ read_by_each() }} (
    select * from {{ ref('stg_fee_list_d') }}
    where is_current and vali_flag = '1' and setl_id is not null
),

exam_items as (
    select * from {{ source('ops', 'large_exam_map') }}
),

-- L75: what was paid wholly by the person was not reimbursed.
chosen as (
    select
        lines.*,
        cast(null as varchar) as exam_kind
    from lines
    where
        lines.hi_nego_drug_flag = '1'
        and (coalesce(lines.fulamt_ownpay_amt, 0) <> lines.det_item_fee_sumamt or lines.det_item_fee_sumamt = 0)
    union all
    select
        lines.*,
        exam_items.exam_kind
    from lines
    inner join exam_items on lines.province = exam_items.province and lines.hilist_code = exam_items.code
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
        care_group,
        reversal_class
    from {{ ref('fct_settlement') }}
    where
        reversal_class <> 'invalid'
        {% if is_incremental() -%}
        and {{ month_in('settlement_month', months) }}
        {%- endif %}
),

final as (
    select
        settlements.*,
        chosen.setl_id as settlement_id,
        chosen.mdtrt_id as encounter_id,
        chosen.exam_kind,
        chosen.bkkp_sn as line_id,
        coalesce(chosen.init_feedetl_sn, chosen.bkkp_sn) as sale_id,
        chosen.init_feedetl_sn is not null as takes_back,
        chosen.med_list_codg as national_code,
        chosen.cnt as quantity,
        cast(chosen.fee_ocur_time as date) as charge_date,
        chosen.det_item_fee_sumamt as charge_yuan,
        chosen.load_id as line_load_id,
        chosen.source_row as line_source_row
    from chosen
    inner join settlement_numbers on chosen.setl_id = settlement_numbers.setl_id
    inner join settlements
        on settlement_numbers.load_id = settlements.load_id and settlement_numbers.source_row = settlements.source_row
)

{{ as_text('final', ['province', 'insured_region', 'scheme_code', 'care_group', 'reversal_class']) }}
