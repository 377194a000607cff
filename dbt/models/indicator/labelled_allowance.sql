with cells as (
    select * from {{ ref('cube_maternity_allowance') }}
),

regions as (
    select * from {{ ref('dim_region') }}
),

placed as (
    select
        cells.province,
        {{ prefecture_of('cells.region_code', 'cells.province', 'places') }} as region_code,
        {{ year_of('cells.month') }} as year,
        'allowance' as benefit_type,
        cells.payments
    from cells
    left join regions as places
        on
            cells.region_code = places.region_code
            and {{ first_day_of('cells.month') }} between places.lookup_from and places.lookup_to
),

final as (
    select
        province,
        region_code,
        year,
        benefit_type,
        cast(sum(payments) as bigint) as payments
    from placed
    group by province, region_code, year, benefit_type
)

select * from final
