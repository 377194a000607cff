{# The charge lines of negotiated drugs that are uses (L75), one in a hundred of all lines. #}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{% if is_incremental() %}{{ delete_months(touched_source_months()) }}{% endif %}",
) }}

-- depends_on: {{ source('ops', 'touched_month') }}
-- depends_on: {{ source('ops', 'touched_source_month') }}
{%- set months = touched_source_months() if is_incremental() else [] %}

with settled_lines as (
    select
        *,
        -- What was sold and what of it was taken back, within the settlement.
        sum(quantity) over (partition by load_id, source_row, sale_id) as kept_count,
        row_number() over (
            partition by load_id, source_row, sale_id
            order by case when takes_back then 1 else 0 end, line_id
        ) as place_in_sale
    from {{ ref('settled_line') }}
    where
        exam_kind is null
        {% if is_incremental() -%}
        and {{ month_in('settlement_month', months) }}
        {%- endif %}
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
        row_number() over (partition by load_id, source_row, national_code order by line_id) = 1 as is_first_of_drug,
        row_number() over (partition by load_id, source_row order by line_id) = 1 as is_first_of_settlement
    from uses
)

select * from final
