with figures as (
    select * from {{ ref('indicator_value') }}
    where
        period_kind = 'year' and breakdown = 'total' and region_level = 'prefecture' and status <> 'not_computable'
        and indicator_id in (
            'employee_pool_income', 'employee_pool_expenditure', 'employee_pool_cumulative_balance',
            'resident_fund_income', 'resident_fund_expenditure', 'resident_cumulative_balance'
        )
),

levels as (
    select * from {{ ref('pooling_month') }}
),

sums as (
    select
        left(region_code, 2) || '0000' as province,
        year,
        region_code,
        scheme,
        sum(numerator) filter (where indicator_id like '%_income') as income_yuan,
        sum(numerator) filter (where indicator_id like '%_expenditure') as expenditure_yuan,
        sum(numerator) filter (where indicator_id like '%_cumulative_balance') as reserve_yuan
    from figures
    group by left(region_code, 2) || '0000', year, region_code, scheme
),

final as (
    select
        sums.province,
        sums.year,
        sums.region_code,
        coalesce(levels.pooling_level, 'prefecture') as pooling_level,
        sums.scheme,
        sums.income_yuan,
        sums.expenditure_yuan,
        sums.income_yuan - sums.expenditure_yuan as surplus_yuan,
        sums.reserve_yuan,
        -- Months that the reserve would pay at this year's expenditure.
        12 * cast(sums.reserve_yuan as double) / nullif(cast(sums.expenditure_yuan as double), 0) as reserve_months
    from sums
    left join levels on sums.region_code = levels.region_code and levels.month = sums.year * 100 + 12
    where sums.income_yuan <> 0 or sums.expenditure_yuan <> 0 or sums.reserve_yuan <> 0
)

select * from final
