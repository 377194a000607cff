with cells as (
    select * from {{ ref('cube_fund') }}
),

choices as (
    select * from {{ ref('label_choice') }}
),

schemes as (
    select * from {{ ref('scheme_map') }}
),

regions as (
    select * from {{ ref('dim_region') }}
),

placed as (
    select
        cells.province,
        {{ prefecture_of('cells.region_code', 'cells.province', 'places') }} as region_code,
        cells.year,
        cells.month,
        cells.item_code,
        coalesce(schemes.scheme, 'unknown') as scheme,
        case cells.fund_type
            when '统筹' then 'pool'
            when '个人账户' then 'account'
            when '大病' then 'serious_illness'
            when '救助' then 'assistance'
            when '生育' then 'maternity'
            when '长护' then 'long_term_care'
            else 'unknown'
        end as fund_type,
        case cells.direction
            when '收入' then 'income'
            when '支出' then 'expenditure'
            when '结余' then 'balance'
            else 'unknown'
        end as direction,
        cells.amount_yuan
    from cells
    inner join choices on cells.province = choices.province and cells.year = choices.year
    left join schemes on cells.scheme_code = schemes.scheme_code
    left join regions as places
        on
            cells.region_code = places.region_code
            and {{ first_day_of('cells.month') }} between places.lookup_from and places.lookup_to
),

-- A stock is that of the last month of the year; the month is the province's, so that a ledger which moved to another
-- pooling area during the year is not counted twice.
closing as (
    select
        province,
        year,
        max(month) as month
    from placed
    where direction = 'balance' and item_code = 'BAL'
    group by province, year
),

final as (
    select
        placed.province,
        placed.region_code,
        placed.year,
        placed.scheme,
        placed.fund_type,
        placed.direction,
        cast(sum(
            case when placed.direction in ('income', 'expenditure') then placed.amount_yuan else 0 end
        ) as decimal(24, 2)) as fund_amount_yuan,
        cast(sum(
            case when placed.item_code = 'BAL' and placed.month = closing.month then placed.amount_yuan else 0 end
        ) as decimal(24, 2)) as closing_balance_yuan
    from placed
    left join closing on placed.province = closing.province and placed.year = closing.year
    group by placed.province, placed.region_code, placed.year, placed.scheme, placed.fund_type, placed.direction
)

select * from final
