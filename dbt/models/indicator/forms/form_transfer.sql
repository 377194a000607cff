-- Transfers of insurance by the prefecture-level region whose record they are (L68).
with cells as (
    select * from {{ ref('cube_transfer') }}
),

final as (
    select
        cells.province,
        {{ prefecture_of('cells.region_code', 'cells.province', 'places') }} as region_code,
        {{ year_of('cells.month') }} as year,
        cells.month,
        cells.direction,
        cells.travel_class,
        cells.protection,
        cells.household,
        cast(sum(cells.transfers) as bigint) as transfers,
        cast(sum(cells.amount_yuan) as decimal(24, 2)) as amount_yuan
    from cells
    {{ join_place('cells.region_code', first_day_of('cells.month')) }}
    group by all
)

select * from final
