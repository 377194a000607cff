with ledger as (
    select * from {{ ref('fct_fund_ledger') }}
),

final as (
    select
        {{ year_of('month') }} as year,
        month,
        province,
        region_code,
        scheme_code,
        fund_type,
        item_code,
        direction,
        cast(sum(amount_yuan) as decimal(18, 2)) as amount_yuan
    from ledger
    group by month, province, region_code, scheme_code, fund_type, item_code, direction
)

select * from final
