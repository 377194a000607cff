-- Cells that departments return under the name of the cell (form.row.column), the newest of a year, in base units.
with reported as (
    select * from {{ ref('cube_reported') }}
    where indicator_id like '%.%.%'
),

units as (
    select * from {{ ref('unit') }}
),

final as (
    select
        reported.province,
        reported.region_code,
        reported.year,
        reported.indicator_id as cell,
        arg_max(reported.value * units.factor, reported.period) as amount
    from reported
    inner join units on reported.unit = units.unit
    group by reported.province, reported.region_code, reported.year, reported.indicator_id
)

select * from final
