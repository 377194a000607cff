with placed as (
    {{ fund_labels(ref('cube_fund'), ['amount_yuan']) }}
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
        placed.fund_item,
        placed.care_pilot,
        cast(sum(
            case when placed.direction in ('income', 'expenditure') then placed.amount_yuan else 0 end
        ) as decimal(24, 2)) as fund_amount_yuan,
        cast(sum(
            case when placed.item_code = 'BAL' and placed.month = closing.month then placed.amount_yuan else 0 end
        ) as decimal(24, 2)) as closing_balance_yuan
    from placed
    left join closing on placed.province = closing.province and placed.year = closing.year
    group by placed.province, placed.region_code, placed.year, placed.scheme, placed.fund_type, placed.direction,
        placed.fund_item, placed.care_pilot
)

select * from final
