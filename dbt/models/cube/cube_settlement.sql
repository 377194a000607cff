{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{% if is_incremental() %}{{ delete_months(months_of('select settlement_month from ' ~ ref('settlement_cube_rebuild'))) }}{% endif %}",
) }}

-- depends_on: {{ ref('settlement_cube_rebuild') }}
{%- set months = months_of('select settlement_month from ' ~ ref('settlement_cube_rebuild')) if is_incremental() else [] %}
{#- sqlfluff knows no macro that gives a list, hence the fallback. -#}
{%- set amounts = settlement_amounts() or [('total_fee_yuan', 'medfee_sumamt')] %}

with settlements as (
    select * from {{ ref('fct_settlement') }}
    {% if is_incremental() -%}
    where {{ month_in('settlement_month', months) }}
    {%- endif %}
),

clock_choices as (
    {{ choice_of('stat_clock') }}
),

clocked as (
    select
        settlements.*,
        -- Of a settlement that such a fund supplements, the forms ask for everything and not for that payment alone (L91).
        settlements.serious_illness_pay_yuan <> 0 as has_serious_illness,
        settlements.large_amount_pay_yuan <> 0 as has_large_amount,
        coalesce(clock_choices.value, 'setl_time') as stat_clock,
        case clock_choices.value
            when 'enddate' then coalesce(settlements.end_month, settlements.settlement_month)
            when 'crte_time' then coalesce(settlements.create_month, settlements.settlement_month)
            else settlements.settlement_month
        end as statistics_month
    from settlements
    left join clock_choices
        on settlements.province = clock_choices.province and {{ year_of('settlements.settlement_month') }} = clock_choices.year
),

final as (
    select
        settlement_month,
        statistics_month,
        stat_clock,
        province,
        insured_region,
        scheme_code,
        member_status,
        age_group,
        provider_kind,
        care_type,
        care_group,
        two_disease,
        hosp_lv,
        dedc_hosp_lv,
        lmtpric_hosp_lv,
        registry_hosp_lv,
        travel_class,
        destination_region,
        payment_place,
        settlement_kind,
        reversal_class,
        has_serious_illness,
        has_large_amount,
        count(*) as row_count,
        count(*) filter (where settlement_kind <> 'supplementary') as visit_count,
        count(*) filter (where is_discharge) as discharge_count,
        count(*) filter (where family_account_pay_yuan <> 0) as family_account_uses,
        {%- for name, column in amounts %}
        cast(sum({{ name }}) as decimal(18, 2)) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from clocked
    group by
        settlement_month,
        statistics_month,
        stat_clock,
        province,
        insured_region,
        scheme_code,
        member_status,
        age_group,
        provider_kind,
        care_type,
        care_group,
        two_disease,
        hosp_lv,
        dedc_hosp_lv,
        lmtpric_hosp_lv,
        registry_hosp_lv,
        travel_class,
        destination_region,
        payment_place,
        settlement_kind,
        reversal_class,
        has_serious_illness,
        has_large_amount
)

{{ as_text('final', [
    'province',
    'insured_region',
    'scheme_code',
    'member_status',
    'age_group',
    'provider_kind',
    'care_type',
    'care_group',
    'two_disease',
    'hosp_lv',
    'dedc_hosp_lv',
    'lmtpric_hosp_lv',
    'registry_hosp_lv',
    'travel_class',
    'destination_region',
    'payment_place',
    'settlement_kind',
    'reversal_class',
]) }}
