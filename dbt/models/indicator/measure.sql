{%- set place_labels = [
    'scheme', 'member_status', 'hospital_tier', 'visit_type', 'travel_class', 'area', 'payment_place', 'age_group',
    'person_group', 'benefit_type',
] %}
{%- set stay_labels = place_labels + ['disease_payment'] %}
{%- set amounts = [
    'total_fee_yuan', 'full_own_pay_yuan', 'in_scope_fee_yuan', 'pool_pay_yuan', 'fund_pay_yuan', 'assistance_pay_yuan',
    'account_pay_yuan', 'family_account_pay_yuan', 'cash_pay_yuan',
] %}
{%- set stay_measures = [
    ('stays', 'stays'), ('bed_days_min1', 'bed_days_min1'), ('bed_days_plus1', 'bed_days_plus1'),
    ('stay_total_fee_yuan', 'total_fee_yuan'), ('stay_pool_pay_yuan', 'pool_pay_yuan'),
    ('stay_fund_pay_yuan', 'fund_pay_yuan'), ('stay_assistance_pay_yuan', 'assistance_pay_yuan'),
] %}

with settlement as (
    select
        province,
        region_code,
        year,
        {{ place_labels | join(', ') }},
        sum(visits) as visits,
        sum(row_count) as row_count,
        {%- for amount in amounts %}
        sum({{ amount }}) as {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('labelled_settlement') }}
    group by province, region_code, year, {{ place_labels | join(', ') }}
),

stay as (
    select
        province,
        region_code,
        year,
        {{ stay_labels | join(', ') }},
        {%- for name, column in stay_measures %}
        sum({{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('labelled_stay') }}
    group by province, region_code, year, {{ stay_labels | join(', ') }}
),

stay_end as (
    select
        province,
        region_code,
        end_year as year,
        {{ stay_labels | join(', ') }},
        sum(stays) as stays,
        sum(total_fee_yuan) as total_fee_yuan
    from {{ ref('labelled_stay') }}
    group by province, region_code, end_year, {{ stay_labels | join(', ') }}
),

enrolment as (
    select * from {{ ref('labelled_enrolment') }}
),

fund as (
    select * from {{ ref('labelled_fund') }}
),

schemes as (
    select * from {{ ref('scheme_map') }}
),

regions as (
    select * from {{ ref('dim_region') }}
),

allowance as (
    select
        cells.province,
        {{ prefecture_of('cells.region_code', 'cells.province', 'places') }} as region_code,
        {{ year_of('cells.month') }} as year,
        'allowance' as benefit_type,
        cells.payments
    from {{ ref('cube_maternity_allowance') }} as cells
    left join regions as places
        on
            cells.region_code = places.region_code
            and {{ first_day_of('cells.month') }} between places.lookup_from and places.lookup_to
),

assistance as (
    select
        cells.province,
        {{ prefecture_of('cells.insured_region', 'cells.province', 'places') }} as region_code,
        {{ year_of('cells.month') }} as year,
        coalesce(schemes.scheme, 'unknown') as scheme,
        -- L11: everything that is not inpatient care in a hospital is outpatient.
        case
            when cells.care_group in ('inpatient', 'maternity_inpatient') and cells.provider_kind <> 'pharmacy' then 'inpatient'
            else 'outpatient'
        end as care_setting,
        cells.encounters,
        cells.payments,
        cells.assistance_pay_yuan
    from {{ ref('cube_assistance') }} as cells
    left join schemes on cells.scheme_code = schemes.scheme_code
    left join regions as places
        on
            cells.insured_region = places.region_code
            and {{ first_day_of('cells.month') }} between places.lookup_from and places.lookup_to
),

units as (
    select * from {{ ref('unit') }}
),

reported as (
    select
        cells.province,
        cells.region_code,
        cells.year,
        cells.indicator_id as reported_indicator,
        cells.value * coalesce(units.factor, 1) as reported_value
    from {{ ref('cube_reported') }} as cells
    left join units on cells.unit = units.unit
    where
        cells.period = (
            select max(latest.period) from {{ ref('cube_reported') }} as latest
            where
                latest.province = cells.province
                and latest.region_code = cells.region_code
                and latest.year = cells.year
                and latest.indicator_id = cells.indicator_id
                and latest.measure_kind = cells.measure_kind
        )
),

population as (
    select * from {{ ref('cube_population') }}
),

summed as (
    {{ measure_rows('settlement', amounts_of('settlement', amounts), place_labels, 'row_count') }}
    union all
    {{ measure_rows('(select * from settlement where visits <> 0)', [('visit', 'visits', 'visits')], place_labels, 'visits') }}
    union all
    {{ measure_rows('stay', [('visit', 'visits', 'stays')], place_labels, 'stays') }}
    union all
    {{ measure_rows('stay', triples_of('stay', stay_measures), stay_labels, 'stays') }}
    union all
    {{ measure_rows('stay_end', [('stay_end', 'ended_stays', 'stays'), ('stay_end', 'ended_stay_fee_yuan', 'total_fee_yuan')], stay_labels, 'stays') }}
    union all
    {{ measure_rows('enrolment', [('enrolment', 'persons', 'persons')], ['scheme', 'member_status', 'age_group', 'sex', 'employer_group', 'person_group'], 'persons') }}
    union all
    {{ measure_rows('fund', [('fund', 'fund_amount_yuan', 'fund_amount_yuan'), ('fund', 'closing_balance_yuan', 'closing_balance_yuan')], ['scheme', 'fund_type', 'direction'], 'null') }}
    union all
    {{ measure_rows('allowance', [('maternity_allowance', 'allowance_payments', 'payments')], ['benefit_type'], 'payments') }}
    union all
    {{ measure_rows('assistance', [('assistance', 'assistance_encounters', 'encounters'), ('assistance', 'assistance_payments', 'payments'), ('assistance', 'assistance_paid_yuan', 'assistance_pay_yuan')], ['scheme', 'care_setting'], 'encounters') }}
),

-- A population and a return are given for each region, the province among them; their parts are never added.
given as (
    {{ measure_rows('population', [('population', 'population_persons', 'persons')], ['population_kind'], 'null') }}
    union all
    {{ measure_rows('reported', [('reported', 'reported_value', 'reported_value')], ['reported_indicator'], 'null') }}
),

levels as (
    select distinct
        region_code,
        region_level
    from regions
    where region_level in ('province', 'prefecture')
),

final as (
    {{ with_provinces('summed') }}
    union all
    select
        given.*,
        levels.region_level
    from given
    inner join levels on given.region_code = levels.region_code
)

select * from final
