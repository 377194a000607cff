{#- The amounts that the official forms tell apart, finer than the indicators need them. -#}
{%- set amounts = [
    'total_fee_yuan', 'full_own_pay_yuan', 'over_limit_pay_yuan', 'pre_pay_yuan', 'in_scope_fee_yuan', 'pool_pay_yuan',
    'civil_servant_pay_yuan', 'large_amount_pay_yuan', 'serious_illness_pay_yuan', 'assistance_pay_yuan', 'account_pay_yuan',
] %}

with settlements as (
    {{ settlement_labels(ref('settlement_cell'), ['row_count', 'visit_count', 'discharge_count', 'has_serious_illness', 'has_large_amount'] + amounts) }}
),

allowances as (
    {{ allowance_labels(ref('cube_maternity_allowance'), ['month', 'payments', 'amount_yuan']) }}
),

bed_day_rules as (
    {{ choice_of('bed_day_rule') }}
),

-- One row a combination of labels and month: visits and money of settlements, stays with their bed-days, allowances paid.
parts as (
    select
        province,
        region_code,
        year,
        month,
        scheme,
        member_status,
        hospital_tier,
        visit_type,
        travel_class,
        payment_place,
        age_group,
        benefit_type,
        two_disease,
        case when has_serious_illness then 'yes' else 'no' end as serious_illness,
        case when has_large_amount then 'yes' else 'no' end as large_amount,
        row_count * visit_weight as settlements,
        case
            when visit_type in ('inpatient', 'maternity_inpatient', 'home_bed') then discharge_count * stay_weight
            else visit_count * visit_weight
        end as visits,
        0 as bed_days,
        0 as allowance_yuan,
        {%- for amount in amounts %}
        {{ amount }} * money_weight as {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from settlements
    union all by name
    select
        stays.province,
        stays.region_code,
        stays.year,
        stays.month,
        stays.scheme,
        stays.member_status,
        stays.hospital_tier,
        stays.visit_type,
        stays.travel_class,
        stays.payment_place,
        stays.age_group,
        stays.benefit_type,
        'none' as two_disease,
        stays.stays as visits,
        case bed_day_rules.value
            when 'end_minus_begin_plus1' then stays.bed_days_plus1
            else stays.bed_days_min1
        end as bed_days
    from {{ ref('labelled_stay') }} as stays
    left join bed_day_rules on stays.province = bed_day_rules.province and stays.year = bed_day_rules.year
    union all by name
    select
        province,
        region_code,
        year,
        month,
        'employee' as scheme,
        benefit_type,
        payments as visits,
        amount_yuan as allowance_yuan
    from allowances
),

final as (
    select
        province,
        region_code,
        year,
        month,
        scheme,
        coalesce(member_status, 'none') as member_status,
        coalesce(hospital_tier, 'none') as hospital_tier,
        coalesce(visit_type, 'none') as visit_type,
        coalesce(travel_class, 'none') as travel_class,
        coalesce(payment_place, 'none') as payment_place,
        coalesce(age_group, 'none') as age_group,
        benefit_type,
        coalesce(two_disease, 'none') as two_disease,
        coalesce(serious_illness, 'none') as serious_illness,
        coalesce(large_amount, 'none') as large_amount,
        cast(coalesce(sum(settlements), 0) as bigint) as settlements,
        cast(sum(visits) as bigint) as visits,
        cast(sum(bed_days) as bigint) as bed_days,
        {%- for amount in ['allowance_yuan'] + amounts %}
        cast(coalesce(sum({{ amount }}), 0) as decimal(24, 2)) as {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from parts
    group by all
)

select * from final
