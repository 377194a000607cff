with figures as (
    select * from {{ ref('indicator_value') }}
    where period_kind = 'year' and breakdown = 'total' and region_level = 'prefecture' and status <> 'not_computable'
),

measures as (
    select * from {{ ref('pooling_measure') }}
),

-- A ratio brings its own denominator; an amount is divided by the count that the measure names.
from_indicators as (
    select
        measures.measure,
        measures.scheme,
        above.year,
        above.region_code,
        above.numerator,
        coalesce(below.numerator, above.denominator) as denominator
    from measures
    inner join figures as above on measures.numerator_id = above.indicator_id
    left join figures as below
        on
            measures.denominator_id = below.indicator_id
            and above.year = below.year
            and above.region_code = below.region_code
    where measures.denominator_id is null or below.numerator is not null
),

deductibles as (
    select
        year,
        region_code,
        scheme,
        sum(deductible_yuan) as numerator
    from {{ ref('labelled_settlement') }}
    where visit_type = 'inpatient'
    group by year, region_code, scheme
),

stays as (
    select
        year,
        region_code,
        scheme,
        sum(stays) as denominator
    from {{ ref('labelled_stay') }}
    where visit_type = 'inpatient'
    group by year, region_code, scheme
),

from_stays as (
    select
        measures.measure,
        measures.scheme,
        deductibles.year,
        deductibles.region_code,
        deductibles.numerator,
        stays.denominator
    from measures
    inner join deductibles on measures.scheme = deductibles.scheme
    inner join stays
        on
            deductibles.scheme = stays.scheme
            and deductibles.year = stays.year
            and deductibles.region_code = stays.region_code
    where measures.measure = 'deductible_per_stay'
),

both_kinds as (
    select * from from_indicators
    union all
    select * from from_stays
),

levels as (
    select * from {{ ref('pooling_month') }}
),

final as (
    select
        both_kinds.measure,
        both_kinds.scheme,
        left(both_kinds.region_code, 2) || '0000' as province,
        both_kinds.year,
        both_kinds.region_code,
        coalesce(levels.pooling_level, 'prefecture') as pooling_level,
        measures.unit,
        cast(both_kinds.numerator as decimal(28, 2)) as numerator,
        cast(both_kinds.denominator as decimal(28, 2)) as denominator,
        measures.scale * cast(both_kinds.numerator as double) / cast(both_kinds.denominator as double) as value
    from both_kinds
    inner join measures on both_kinds.measure = measures.measure and both_kinds.scheme = measures.scheme
    left join levels on both_kinds.region_code = levels.region_code and levels.month = both_kinds.year * 100 + 12
    where both_kinds.denominator > 0
)

select * from final
