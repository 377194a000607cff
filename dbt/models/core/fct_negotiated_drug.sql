{# The charge lines of negotiated drugs, one in a hundred of all lines: the flag alone is read of the others, and each line that
   has it meets its settlement once. By settlement month like the fact, and again where only lines have changed. #}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{% if is_incremental() %}{{ delete_months(touched_source_months()) }}{% endif %}",
) }}

-- depends_on: {{ source('ops', 'touched_month') }}
-- depends_on: {{ source('ops', 'touched_source_month') }}
{%- set months = touched_source_months() if is_incremental() else [] %}

-- L75: what was paid wholly by the person was not reimbursed.
with flagged_lines as (
    select
        setl_id,
        bkkp_sn,
        init_feedetl_sn,
        med_list_codg,
        cnt,
        load_id,
        source_row
    from {{ ref('stg_fee_list_d') }}
    where
        hi_nego_drug_flag = '1'
        and is_current
        and vali_flag = '1'
        and setl_id is not null
        and (coalesce(fulamt_ownpay_amt, 0) <> det_item_fee_sumamt or det_item_fee_sumamt = 0)
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
        reversal_class
    from {{ ref('fct_settlement') }}
    where
        reversal_class <> 'invalid'
        {% if is_incremental() -%}
        and {{ month_in('settlement_month', months) }}
        {%- endif %}
),

settled_lines as (
    select
        settlements.*,
        flagged_lines.load_id as line_load_id,
        flagged_lines.source_row as line_source_row,
        flagged_lines.bkkp_sn,
        flagged_lines.med_list_codg,
        -- What was sold and what of it was taken back, within the settlement.
        sum(flagged_lines.cnt) over (
            partition by settlements.load_id, settlements.source_row, coalesce(flagged_lines.init_feedetl_sn, flagged_lines.bkkp_sn)
        ) as kept_count,
        row_number() over (
            partition by settlements.load_id, settlements.source_row, coalesce(flagged_lines.init_feedetl_sn, flagged_lines.bkkp_sn)
            order by case when flagged_lines.init_feedetl_sn is null then 0 else 1 end, flagged_lines.bkkp_sn
        ) as place_in_sale
    from flagged_lines
    inner join settlement_numbers on flagged_lines.setl_id = settlement_numbers.setl_id
    inner join settlements
        on settlement_numbers.load_id = settlements.load_id and settlement_numbers.source_row = settlements.source_row
),

-- A reversing settlement takes back what its original gave.
uses as (
    select * from settled_lines
    where place_in_sale = 1 and case when reversal_class = 'reversing' then kept_count < 0 else kept_count > 0 end
),

final as (
    select
        line_load_id as load_id,
        line_source_row as source_row,
        province,
        settlement_month,
        end_month,
        create_month,
        insured_region,
        scheme_code,
        reversal_class,
        row_number() over (partition by load_id, source_row, med_list_codg order by bkkp_sn) = 1 as is_first_of_drug,
        row_number() over (partition by load_id, source_row order by bkkp_sn) = 1 as is_first_of_settlement
    from uses
)

{{ as_text('final', ['province', 'insured_region', 'scheme_code', 'reversal_class']) }}
