{# The settlements that stays are made of, a fourteenth of all rows, copied out of the fact month by month: a stay may span
   months and is put together from this table, so that after one corrected month the other months of the fact stay closed.
   Whether a row belongs here follows from the row itself; what a province chose about stays is applied in stay_sum. #}
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
{%- set amounts = stay_amounts() or ['total_fee_yuan'] %}

with settlements as (
    select * from {{ ref('fct_settlement') }}
    {% if is_incremental() -%}
    where {{ month_in('settlement_month', months) }}
    {%- endif %}
),

final as (
    select
        load_id,
        source_row,
        province,
        settlement_month,
        settlement_date,
        begin_date,
        end_date,
        end_month,
        create_month,
        person_key,
        insured_region,
        travel_class,
        destination_region,
        scheme_code,
        member_status,
        age_group,
        care_type,
        care_group,
        hosp_lv,
        dedc_hosp_lv,
        lmtpric_hosp_lv,
        registry_hosp_lv,
        payment_place,
        clearing_method,
        settlement_kind,
        reversal_class,
        settlement_id,
        encounter_id,
        institution_code,
        {%- for amount in amounts %}
        {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from settlements
    where is_stay_row and reversal_class in ('live', 'flagged_alone')
)

select * from final
