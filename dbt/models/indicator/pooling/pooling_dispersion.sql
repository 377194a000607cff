with areas as (
    select * from {{ ref('pooling_area') }}
),

wholes as (
    select
        province,
        year,
        measure,
        scheme,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from areas
    group by province, year, measure, scheme
),

-- Share of the amount against share of the base: equal in every area when all are alike. Theil's index has no value
-- where an area has a deficit, for there is no logarithm of it.
shares as (
    select
        areas.*,
        cast(wholes.numerator as double) / cast(wholes.denominator as double) as mean,
        cast(areas.denominator as double) / cast(wholes.denominator as double) as base_share,
        cast(areas.numerator as double) / nullif(cast(wholes.numerator as double), 0) as amount_share
    from areas
    inner join wholes
        on
            areas.province = wholes.province
            and areas.year = wholes.year
            and areas.measure = wholes.measure
            and areas.scheme = wholes.scheme
),

by_scheme as (
    select
        province,
        year,
        measure,
        scheme,
        any_value(unit) as unit,
        count(*) as areas,
        count(*) filter (where pooling_level = 'province') as areas_pooled_by_province,
        any_value(mean) as mean,
        min(value) as lowest,
        arg_min(region_code, value) as lowest_region,
        max(value) as highest,
        arg_max(region_code, value) as highest_region,
        stddev_pop(value) / nullif(avg(value), 0) as variation,
        sqrt(sum(base_share * power(amount_share / base_share - 1, 2))) as weighted_variation,
        case
            when min(numerator) >= 0
                then sum(case when amount_share > 0 then amount_share * ln(amount_share / base_share) else 0 end)
        end as theil
    from shares
    group by province, year, measure, scheme
),

-- Both schemes together: what lies between the schemes, and what lies between the areas within each of them.
parts as (
    select
        by_scheme.*,
        cast(wholes.numerator as double) / sum(cast(wholes.numerator as double)) over whole as amount_share,
        cast(wholes.denominator as double) / sum(cast(wholes.denominator as double)) over whole as base_share
    from by_scheme
    inner join wholes
        on
            by_scheme.province = wholes.province
            and by_scheme.year = wholes.year
            and by_scheme.measure = wholes.measure
            and by_scheme.scheme = wholes.scheme
    window whole as (partition by by_scheme.province, by_scheme.year, by_scheme.measure)
),

together as (
    select
        province,
        year,
        measure,
        case when count(*) = count(theil) then sum(amount_share * theil) end as theil_within,
        case
            when min(amount_share) >= 0
                then sum(case when amount_share > 0 then amount_share * ln(amount_share / base_share) else 0 end)
        end as theil_between
    from parts
    group by province, year, measure
    having count(*) > 1
),

measures as (
    select * from {{ ref('pooling_measure') }}
),

final as (
    select
        by_scheme.province,
        by_scheme.year,
        by_scheme.measure,
        by_scheme.scheme,
        by_scheme.unit,
        by_scheme.areas,
        by_scheme.areas_pooled_by_province,
        by_scheme.mean * measures.scale as mean,
        by_scheme.lowest,
        by_scheme.lowest_region,
        by_scheme.highest,
        by_scheme.highest_region,
        by_scheme.highest - by_scheme.lowest as range,
        by_scheme.variation,
        by_scheme.weighted_variation,
        by_scheme.theil,
        together.theil_between + together.theil_within as theil_of_both_schemes,
        together.theil_between,
        together.theil_within
    from by_scheme
    inner join measures on by_scheme.measure = measures.measure and by_scheme.scheme = measures.scheme
    left join together
        on
            by_scheme.province = together.province
            and by_scheme.year = together.year
            and by_scheme.measure = together.measure
)

select * from final
