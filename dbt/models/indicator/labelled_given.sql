with population as (
    select * from {{ ref('cube_population') }}
),

reported as (
    select * from {{ ref('cube_reported') }}
),

items as (
    select * from {{ ref('returned_item') }}
),

units as (
    select * from {{ ref('unit') }}
),

regions as (
    select distinct
        region_code,
        region_level
    from {{ ref('dim_region') }}
    where region_level in ('province', 'prefecture')
),

-- A department may return a figure for several periods of a year; the last one stands for the year.
newest as (
    select
        province,
        region_code,
        year,
        indicator_id,
        max(period) as period
    from reported
    group by province, region_code, year, indicator_id
),

together as (
    select
        province,
        region_code,
        year,
        population_kind,
        'none' as reported_indicator,
        'none' as scheme,
        cast(persons as decimal(28, 6)) as amount
    from population
    union all
    select
        reported.province,
        reported.region_code,
        reported.year,
        'none' as population_kind,
        reported.indicator_id as reported_indicator,
        coalesce(items.scheme, 'none') as scheme,
        reported.value * coalesce(units.factor, 1) as amount
    from reported
    inner join newest
        on
            reported.province = newest.province
            and reported.region_code = newest.region_code
            and reported.year = newest.year
            and reported.indicator_id = newest.indicator_id
            and reported.period = newest.period
    left join units on reported.unit = units.unit
    left join items on reported.indicator_id = items.item_id
),

final as (
    select
        together.province,
        together.region_code,
        together.year,
        together.population_kind,
        together.reported_indicator,
        together.scheme,
        cast(together.amount as decimal(28, 2)) as amount
    from together
    inner join regions on together.region_code = regions.region_code
)

select * from final
