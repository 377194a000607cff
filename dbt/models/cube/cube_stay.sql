with stays as (
    select * from {{ ref('fct_stay') }}
),

clock_choices as (
    {{ choice_of('stat_clock') }}
),

final as (
    select
        stays.discharge_month,
        stays.end_month,
        case clock_choices.value
            when 'enddate' then coalesce(stays.end_month, stays.discharge_month)
            when 'crte_time' then coalesce(stays.create_month, stays.discharge_month)
            else stays.discharge_month
        end as statistics_month,
        stays.province,
        stays.insured_region,
        stays.scheme_code,
        stays.member_status,
        stays.age_group,
        stays.care_type,
        stays.care_group,
        stays.hosp_lv,
        stays.dedc_hosp_lv,
        stays.lmtpric_hosp_lv,
        stays.registry_hosp_lv,
        stays.travel_class,
        stays.destination_region,
        stays.payment_place,
        stays.is_disease_eligible,
        stays.is_disease_paid,
        count(*) as stays,
        cast(sum(stays.bed_days_min1) as bigint) as bed_days_min1,
        cast(sum(stays.bed_days_plus1) as bigint) as bed_days_plus1,
        cast(sum(stays.total_fee_yuan) as decimal(18, 2)) as total_fee_yuan,
        cast(sum(stays.fund_pay_yuan) as decimal(18, 2)) as fund_pay_yuan,
        cast(sum(stays.pool_pay_yuan) as decimal(18, 2)) as pool_pay_yuan,
        cast(sum(stays.assistance_pay_yuan) as decimal(18, 2)) as assistance_pay_yuan
    from stays
    left join clock_choices
        on stays.province = clock_choices.province and {{ year_of('stays.discharge_month') }} = clock_choices.year
    group by
        stays.discharge_month,
        stays.end_month,
        case clock_choices.value
            when 'enddate' then coalesce(stays.end_month, stays.discharge_month)
            when 'crte_time' then coalesce(stays.create_month, stays.discharge_month)
            else stays.discharge_month
        end,
        stays.province,
        stays.insured_region,
        stays.scheme_code,
        stays.member_status,
        stays.age_group,
        stays.care_type,
        stays.care_group,
        stays.hosp_lv,
        stays.dedc_hosp_lv,
        stays.lmtpric_hosp_lv,
        stays.registry_hosp_lv,
        stays.travel_class,
        stays.destination_region,
        stays.payment_place,
        stays.is_disease_eligible,
        stays.is_disease_paid
)

{{ as_text('final', [
    'province',
    'insured_region',
    'scheme_code',
    'member_status',
    'age_group',
    'care_type',
    'care_group',
    'hosp_lv',
    'dedc_hosp_lv',
    'lmtpric_hosp_lv',
    'registry_hosp_lv',
    'travel_class',
    'destination_region',
    'payment_place',
]) }}
