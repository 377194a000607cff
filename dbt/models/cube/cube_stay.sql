with stays as (
    select * from {{ ref('fct_stay') }}
),

clock_choices as (
    {{ choice_of('stat_clock') }}
),

clocked as (
    select
        stays.*,
        {{ month_by_clock('clock_choices.value', 'stays.discharge_month', 'stays.end_month', 'stays.create_month') }} as statistics_month,
        -- L46: that of the last row, which a definition may let decide about the year.
        {{ month_by_clock(
            'clock_choices.value', 'stays.last_settlement_month', 'stays.last_end_month', 'stays.last_create_month'
        ) }} as last_month
    from stays
    left join clock_choices
        on stays.province = clock_choices.province and {{ year_of('stays.discharge_month') }} = clock_choices.year
),

final as (
    select
        discharge_month,
        end_month,
        statistics_month,
        last_month,
        province,
        insured_region,
        scheme_code,
        member_status,
        age_group,
        care_type,
        care_group,
        hosp_lv,
        dedc_hosp_lv,
        lmtpric_hosp_lv,
        registry_hosp_lv,
        travel_class,
        destination_region,
        payment_place,
        is_disease_eligible,
        is_disease_paid,
        stay_filing,
        referral,
        count(*) as stays,
        cast(sum(bed_days_min1) as bigint) as bed_days_min1,
        cast(sum(bed_days_plus1) as bigint) as bed_days_plus1,
        cast(sum(total_fee_yuan) as decimal(18, 2)) as total_fee_yuan,
        cast(sum(fund_pay_yuan) as decimal(18, 2)) as fund_pay_yuan,
        cast(sum(pool_pay_yuan) as decimal(18, 2)) as pool_pay_yuan,
        cast(sum(assistance_pay_yuan) as decimal(18, 2)) as assistance_pay_yuan
    from clocked
    group by
        discharge_month,
        end_month,
        statistics_month,
        last_month,
        province,
        insured_region,
        scheme_code,
        member_status,
        age_group,
        care_type,
        care_group,
        hosp_lv,
        dedc_hosp_lv,
        lmtpric_hosp_lv,
        registry_hosp_lv,
        travel_class,
        destination_region,
        payment_place,
        is_disease_eligible,
        is_disease_paid,
        stay_filing,
        referral
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
