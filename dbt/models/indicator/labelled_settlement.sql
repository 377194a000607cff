{%- set amounts = [
    'total_fee_yuan', 'full_own_pay_yuan', 'in_scope_fee_yuan', 'pool_pay_yuan', 'fund_pay_yuan', 'assistance_pay_yuan',
    'account_pay_yuan', 'family_account_pay_yuan', 'cash_pay_yuan',
] %}

with cells as (
    select * from {{ ref('cube_settlement') }}
),

choices as (
    select * from {{ ref('label_choice') }}
),

weights as (
    select * from {{ ref('reversal_weight') }}
),

visit_types as (
    select * from {{ ref('visit_type_label') }}
),

tiers as (
    select * from {{ ref('tier_label') }}
),

schemes as (
    select * from {{ ref('scheme_map') }}
),

regions as (
    select * from {{ ref('dim_region') }}
),

pooling as (
    select * from {{ ref('pooling_month') }}
),

counted as (
    select
        cells.*,
        choices.year,
        choices.person_type_unknown,
        weights.visit_weight,
        weights.money_weight,
        coalesce(schemes.scheme, 'unknown') as scheme,
        {{ tier_code('cells', 'choices') }} as tier_code,
        {{ prefecture_of('cells.insured_region', 'cells.province', 'places') }} as region_code
    from cells
    inner join choices
        on cells.province = choices.province and {{ year_of('cells.statistics_month') }} = choices.year
    inner join weights
        on
            choices.province = weights.province
            and choices.year = weights.year
            and cells.reversal_class = weights.reversal_class
    left join schemes on cells.scheme_code = schemes.scheme_code
    left join regions as places
        on
            cells.insured_region = places.region_code
            and {{ first_day_of('cells.statistics_month') }} between places.lookup_from and places.lookup_to
),

labelled as (
    select
        counted.province,
        counted.region_code,
        counted.year,
        counted.statistics_month as month,
        counted.scheme,
        {{ member_status_label('counted.scheme', 'counted.member_status', 'counted') }} as member_status,
        coalesce(tiers.hospital_tier, 'unknown') as hospital_tier,
        visit_types.visit_type,
        counted.travel_class,
        {{ area_label('counted.travel_class', "coalesce(pooling.pooling_level, 'prefecture')") }} as area,
        counted.payment_place,
        counted.age_group,
        {{ benefit_type_label('counted.care_group', 'counted.care_type', 'counted.provider_kind') }} as benefit_type,
        counted.visit_weight,
        counted.money_weight,
        counted.row_count,
        counted.visit_count,
        {%- for amount in amounts %}
        counted.{{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from counted
    inner join visit_types
        on
            counted.province = visit_types.province
            and counted.year = visit_types.year
            and counted.care_group = visit_types.care_group
            and counted.provider_kind = visit_types.provider_kind
            and (counted.care_group = 'emergency' and counted.care_type = '1301') = visit_types.is_rescue
    left join tiers
        on
            counted.province = tiers.province
            and counted.year = tiers.year
            and counted.tier_code = tiers.tier_code
    left join pooling on counted.statistics_month = pooling.month and counted.region_code = pooling.region_code
),

final as (
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
        area,
        payment_place,
        age_group,
        {{ person_group_label('scheme', 'member_status') }} as person_group,
        benefit_type,
        -- L12: visits of a kind that is counted in stays never come from settlement rows.
        cast(sum(
            case when visit_type in ('inpatient', 'maternity_inpatient', 'home_bed') then 0 else visit_count * visit_weight end
        ) as bigint) as visits,
        cast(sum(row_count * money_weight) as bigint) as row_count,
        {%- for amount in amounts %}
        cast(sum({{ amount }} * money_weight) as decimal(24, 2)) as {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from labelled
    group by
        province, region_code, year, month, scheme, member_status, hospital_tier, visit_type, travel_class, area,
        payment_place, age_group, benefit_type
)

select * from final
