with statistics_years as (
    select * from {{ source('dictionary', 'statistics_year') }}
),

regions as (
    select * from {{ ref('dim_region') }}
),

cells as (
    select * from {{ ref('selected') }}
),

registered as (
    select distinct
        statistics_years.province,
        statistics_years.year,
        regions.region_code,
        regions.region_level
    from statistics_years
    inner join regions
        on
            statistics_years.province = regions.province_code
            and regions.region_level in ('province', 'prefecture')
            -- A level that no list names is shown only where something lies in it.
            and (regions.is_listed or regions.region_level = 'province')
            and regions.valid_from <= make_date(statistics_years.year, 12, 31)
            and regions.valid_to >= make_date(statistics_years.year, 1, 1)
),

-- A place that no register knows is listed all the same, so that the regions add up to the province.
met as (
    select distinct
        cells.province,
        cells.year,
        cells.region_code,
        case when cells.region_code = cells.province then 'province' else 'prefecture' end as region_level
    from cells
    inner join statistics_years on cells.province = statistics_years.province and cells.year = statistics_years.year
),

final as (
    select * from registered
    union distinct
    select * from met
)

select * from final
