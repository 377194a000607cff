{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{% if is_incremental() %}{{ delete_months(touched_months()) }}{% endif %}",
) }}
{%- set months = touched_months() if is_incremental() else [] %}

with settlements as (
    select * from {{ ref('fct_settlement') }}
    {% if is_incremental() -%}
    where {{ month_in('settlement_month', months) }}
    {%- endif %}
),

tiers as (
    select code from {{ ref('code_set') }} where set_name = 'hosp_lv'
),

scheme_map as (
    select * from {{ ref('scheme_map') }}
),

-- Everything the checks ask of the fact, in one pass.
profile as (
    select
        settlements.settlement_month,
        count(*) as row_count,
        sum(settlements.total_fee_yuan) as total_fee_yuan,
        count(*) filter (where settlements.reversal_class = 'live') as live_count,
        count(*) filter (where settlements.reversal_class = 'reversed') as reversed_count,
        count(*) filter (where settlements.reversal_class = 'reversing') as reversing_count,
        count(*) filter (where settlements.reversal_class = 'restoring') as restoring_count,
        count(*) filter (where settlements.reversal_class = 'flagged_alone') as flagged_alone_count,
        count(*) filter (where settlements.reversal_class = 'invalid') as invalid_count,
        count(*) filter (where settlements.scheme_code = 'unknown') as unknown_scheme_count,
        sum(settlements.total_fee_yuan) filter (where settlements.scheme_code = 'unknown') as unknown_scheme_yuan,
        count(*) filter (
            where settlements.scheme_code <> 'unknown' and scheme_map.scheme is null
        ) as outside_scheme_count,
        sum(settlements.total_fee_yuan) filter (
            where settlements.scheme_code <> 'unknown' and scheme_map.scheme is null
        ) as outside_scheme_yuan,
        count(*) filter (where settlements.member_status = 'unknown') as person_type_unknown_count,
        sum(settlements.total_fee_yuan) filter (where settlements.member_status = 'unknown') as person_type_unknown_yuan,
        count(*) filter (
            where settlements.provider_kind = 'hospital' and settlements.care_group = 'pharmacy'
        ) as pharmacy_code_count,
        sum(settlements.total_fee_yuan) filter (
            where settlements.provider_kind = 'hospital' and settlements.care_group = 'pharmacy'
        ) as pharmacy_code_yuan,
        count(*) filter (
            where
                settlements.provider_kind = 'pharmacy'
                and settlements.care_group in ('inpatient', 'maternity_inpatient', 'home_bed')
        ) as inpatient_code_count,
        sum(settlements.total_fee_yuan) filter (
            where
                settlements.provider_kind = 'pharmacy'
                and settlements.care_group in ('inpatient', 'maternity_inpatient', 'home_bed')
        ) as inpatient_code_yuan,
        count(*) filter (where settlements.end_date < settlements.begin_date) as end_before_begin_count,
        sum(settlements.total_fee_yuan) filter (where settlements.end_date < settlements.begin_date) as end_before_begin_yuan,
        count(*) filter (
            where settlements.family_account_pay_yuan <> 0
        ) as family_account_count,
        count(*) filter (
            where
                settlements.family_account_pay_yuan <> 0
                and settlements.personal_pay_yuan - settlements.account_pay_yuan - settlements.cash_pay_yuan = 0
        ) as account_inside_count,
        count(*) filter (
            where
                settlements.family_account_pay_yuan <> 0
                and settlements.personal_pay_yuan - settlements.account_pay_yuan - settlements.cash_pay_yuan
                = settlements.family_account_pay_yuan
        ) as account_beside_count,
        count(*) filter (
            where settlements.personal_pay_yuan - settlements.account_pay_yuan - settlements.cash_pay_yuan = 0
        ) as personal_split_count,
        count(*) filter (
            where
                settlements.provider_kind = 'hospital' and settlements.hosp_lv is not null and tiers.code is null
        ) as unknown_tier_count,
        sum(settlements.total_fee_yuan) filter (
            where
                settlements.provider_kind = 'hospital' and settlements.hosp_lv is not null and tiers.code is null
        ) as unknown_tier_yuan,
        count(*) filter (
            where
                settlements.provider_kind = 'hospital'
                and settlements.hosp_lv is null
                and settlements.travel_class = 'cross_province'
        ) as ungraded_outside_count,
        sum(settlements.total_fee_yuan) filter (
            where
                settlements.provider_kind = 'hospital'
                and settlements.hosp_lv is null
                and settlements.travel_class = 'cross_province'
        ) as ungraded_outside_yuan,
        count(*) filter (where settlements.provider_kind = 'hospital') as hospital_count,
        count(*) filter (where settlements.travel_class = 'unknown') as unknown_travel_count,
        sum(settlements.total_fee_yuan) filter (where settlements.travel_class = 'unknown') as unknown_travel_yuan,
        count(*) filter (where settlements.care_group = 'unknown') as unknown_care_count,
        sum(settlements.total_fee_yuan) filter (where settlements.care_group = 'unknown') as unknown_care_yuan,
        count(*) filter (where settlements.insured_prefecture is null) as unknown_region_count
    from settlements
    left join tiers on settlements.hosp_lv = tiers.code
    left join scheme_map on settlements.scheme_code = scheme_map.scheme_code
    group by settlements.settlement_month
),

profile_months as (
    select settlement_month from profile
),

{{ reference_version('profile_months') }},

final as (
    select
        profile.*,
        reference_version.reference_version
    from profile
    inner join reference_version on profile.settlement_month = reference_version.settlement_month
)

select * from final
