with terms as (
    select * from {{ ref('indicator_term') }}
),

breakdowns as (
    select * from {{ source('dictionary', 'indicator_breakdown') }}
),

measures as (
    select * from {{ ref('measure') }}
),

months as (
    select * from {{ ref('measure_month') }}
),

matched as (
    select
        terms.indicator_id,
        terms.province,
        terms.year,
        terms.role,
        terms.lag_years,
        terms.coefficient,
        terms.counts_units,
        breakdowns.breakdown,
        {{ member_of('breakdowns.breakdown', 'measures') }} as member,
        measures.region_code,
        measures.amount,
        measures.units
    from terms
    inner join measures
        on
            terms.measure = measures.measure
            and terms.province = measures.province
            and terms.data_year = measures.year
            {{ term_matches('terms', 'measures') }}
    inner join breakdowns on terms.indicator_id = breakdowns.indicator_id and breakdowns.breakdown <> 'month'
),

matched_months as (
    select
        terms.indicator_id,
        terms.province,
        terms.year,
        terms.role,
        terms.lag_years,
        terms.coefficient,
        terms.counts_units,
        'month' as breakdown,
        cast(months.month as varchar) as member,
        months.region_code,
        months.amount,
        months.units
    from terms
    inner join months
        on
            terms.measure = months.measure
            and terms.province = months.province
            and terms.data_year = months.year
            {{ term_matches('terms', 'months') }}
    inner join breakdowns on terms.indicator_id = breakdowns.indicator_id and breakdowns.breakdown = 'month'
),

together as (
    select * from matched
    union all
    select * from matched_months
),

-- Units are counted for each role and year apart: the smallest of them decides about disclosure.
by_role as (
    select
        indicator_id,
        province,
        year,
        region_code,
        breakdown,
        member,
        role,
        lag_years,
        sum(coefficient * amount) as amount,
        sum(case when counts_units then units end) as units
    from together
    group by indicator_id, province, year, region_code, breakdown, member, role, lag_years
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
        cast(min(units) as bigint) as support_count
    from by_role
    group by indicator_id, province, year, region_code, breakdown, member
)

select * from final
