with terms as (
    select * from {{ ref('indicator_term') }}
),

breakdowns as (
    select * from {{ source('dictionary', 'indicator_breakdown') }}
),

selected as (
    select * from {{ ref('selected') }}
),

-- Units are counted for each role and year apart: the smallest of them decides about disclosure. A difference of two
-- counts stands on the units that are left.
by_role as (
    select
        terms.indicator_id,
        terms.province,
        terms.year,
        selected.region_code,
        selected.breakdown,
        selected.member,
        terms.role,
        terms.lag_years,
        sum(terms.coefficient * selected.amount) as amount,
        sum(case when terms.counts_units then sign(terms.coefficient) * selected.units end) as units
    from terms
    inner join selected
        on
            terms.selection_id = selected.selection_id
            and terms.measure = selected.measure
            and terms.province = selected.province
            and terms.data_year = selected.year
    inner join breakdowns on terms.indicator_id = breakdowns.indicator_id and selected.breakdown = breakdowns.breakdown
    group by
        terms.indicator_id, terms.province, terms.year, selected.region_code, selected.breakdown, selected.member,
        terms.role, terms.lag_years
),

final as (
    select
        indicator_id,
        province,
        year,
        region_code,
        breakdown,
        member,
        cast(sum(case when role = 'numerator' then amount else 0 end) as decimal(28, 2)) as numerator,
        cast(sum(case when role = 'denominator' then amount else 0 end) as decimal(28, 2)) as denominator,
        -- Net of reversals as booked (ledger) units may lie below zero: their number is what counts.
        cast(min(abs(units)) as bigint) as support_count
    from by_role
    group by indicator_id, province, year, region_code, breakdown, member
)

select * from final
