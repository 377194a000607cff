{%- set measures = [
    'stays', 'bed_days_min1', 'bed_days_plus1', 'total_fee_yuan', 'pool_pay_yuan', 'fund_pay_yuan', 'assistance_pay_yuan',
] %}

with cells as (
    select * from {{ ref('cube_stay') }}
),

choices as (
    select * from {{ ref('label_choice') }}
),

visit_types as (
    select * from {{ ref('visit_type_label') }}
    where provider_kind = 'hospital'
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

-- The definitions of its statistics year label a stay, also where it counts by the year of its end (R18).
placed as (
    select
        cells.*,
        choices.year,
        choices.person_type_unknown,
        cells.statistics_month as month,
        coalesce(schemes.scheme, 'unknown') as scheme,
        {{ tier_code('cells', 'choices') }} as tier_code,
        {{ prefecture_of('cells.insured_region', 'cells.province', 'places') }} as region_code
    from cells
    inner join choices
        on cells.province = choices.province and {{ year_of('cells.statistics_month') }} = choices.year
    left join schemes on cells.scheme_code = schemes.scheme_code
    left join regions as places
        on
            cells.insured_region = places.region_code
            and {{ first_day_of('cells.discharge_month') }} between places.lookup_from and places.lookup_to
),

labelled as (
    select
        placed.province,
        placed.region_code,
        {{ year_of('placed.month') }} as year,
        placed.month,
        {{ year_of('placed.end_month') }} as end_year,
        placed.scheme,
        {{ member_status_label('placed.scheme', 'placed.member_status', 'placed') }} as member_status,
        coalesce(tiers.hospital_tier, 'unknown') as hospital_tier,
        visit_types.visit_type,
        placed.travel_class,
        {{ area_label('placed.travel_class', "coalesce(pooling.pooling_level, 'prefecture')") }} as area,
        placed.payment_place,
        placed.age_group,
        {{ benefit_type_label('placed.care_group', 'placed.care_type', "'hospital'") }} as benefit_type,
        case when placed.is_disease_eligible then 'eligible' else 'other' end
        || case when placed.is_disease_paid then '_paid' else '_unpaid' end as disease_payment,
        {%- for measure in measures %}
        placed.{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from placed
    inner join visit_types
        on
            placed.province = visit_types.province
            and placed.year = visit_types.year
            and placed.care_group = visit_types.care_group
            and (placed.care_group = 'emergency' and placed.care_type = '1301') = visit_types.is_rescue
    left join tiers
        on
            placed.province = tiers.province
            and placed.year = tiers.year
            and placed.tier_code = tiers.tier_code
    left join pooling on placed.month = pooling.month and placed.region_code = pooling.region_code
),

-- Only kinds that are counted in stays; emergency care is outpatient care unless the definition says otherwise.
final as (
    select
        province,
        region_code,
        year,
        month,
        end_year,
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
        disease_payment,
        {%- for measure in measures %}
        cast(sum({{ measure }}) as {{ 'decimal(24, 2)' if measure.endswith('_yuan') else 'bigint' }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from labelled
    where visit_type in ('inpatient', 'maternity_inpatient', 'home_bed')
    group by
        province, region_code, year, month, end_year, scheme, member_status, hospital_tier, visit_type, travel_class, area,
        payment_place, age_group, benefit_type, disease_payment
)

select * from final
