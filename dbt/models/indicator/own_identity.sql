with figures as (
    select * from {{ ref('indicator_value') }}
    where period_kind = 'year'
),

identities as (
    select * from {{ source('dictionary', 'own_identity') }}
),

identity_terms as (
    select * from {{ source('dictionary', 'own_identity_term') }}
),

regions as (
    select * from {{ ref('indicator_region') }}
),

terms as (
    select * from {{ ref('indicator_term') }}
),

members as (
    select
        *,
        case breakdown
            when 'scheme' then scheme
            when 'member_status' then member_status
            when 'hospital_tier' then hospital_tier
            when 'visit_type' then visit_type
            when 'travel_class' then travel_class
            else other_member
        end as member
    from figures
),

-- Statements of the dictionary; a part that does not occur is 0, a whole that cannot be computed leaves no row.
stated as (
    select
        identity_terms.identity_id,
        members.year,
        regions.province,
        members.region_code,
        members.region_level,
        coalesce(sum(case when identity_terms.side = 'left' then identity_terms.coefficient * members.numerator end), 0) as left_value,
        coalesce(sum(case when identity_terms.side = 'right' then identity_terms.coefficient * members.numerator end), 0) as right_value,
        count(*) filter (where identity_terms.breakdown = 'total') as whole_count,
        count(*) filter (where members.status = 'not_computable') as missing_count
    from identity_terms
    inner join members
        on
            identity_terms.indicator_id = members.indicator_id
            and identity_terms.breakdown = members.breakdown
            and identity_terms.member = members.member
    inner join regions on members.year = regions.year and members.region_code = regions.region_code
    group by identity_terms.identity_id, members.year, regions.province, members.region_code, members.region_level
),

judged_statements as (
    select
        stated.identity_id,
        stated.year,
        stated.region_code,
        stated.region_level,
        identities.statement,
        stated.left_value,
        stated.right_value,
        case
            when identities.comparison = '<=' then stated.left_value <= stated.right_value
            else stated.left_value = stated.right_value
        end as holds
    from stated
    inner join identities on stated.identity_id = identities.identity_id
    where stated.missing_count = 0
),

wholes as (
    select * from members
    where breakdown = 'total' and status <> 'not_computable'
),

-- Persons are counted once in each part and once in the whole: they do not add up.
counted_once as (
    select distinct indicator_id from terms
    where cube = 'person'
),

-- R33: the parts of every breakdown, unknown among them, are the whole, above and below the line.
parts as (
    select
        members.indicator_id,
        members.year,
        members.region_code,
        members.breakdown,
        sum(members.numerator) as numerator,
        sum(members.denominator) as denominator
    from members
    where
        members.breakdown <> 'total'
        and members.indicator_id not in (select counted_once.indicator_id from counted_once)
    group by members.indicator_id, members.year, members.region_code, members.breakdown
    -- A breakdown that no extract can carry has no parts (L24).
    having count(members.numerator) > 0
),

parts_and_wholes as (
    select
        'parts:' || parts.breakdown as identity_id,
        wholes.year,
        wholes.region_code,
        wholes.region_level,
        wholes.indicator_id || ': ' || parts.breakdown || ' = total' as statement,
        parts.numerator as left_value,
        wholes.numerator as right_value,
        parts.numerator = wholes.numerator
        and coalesce(parts.denominator = wholes.denominator, wholes.denominator is null) as holds
    from parts
    inner join wholes
        on
            parts.indicator_id = wholes.indicator_id
            and parts.year = wholes.year
            and parts.region_code = wholes.region_code
),

-- The province is the sum of its prefecture-level regions; ledgers, populations and returns are given for each level.
added_indicators as (
    select
        indicator_id,
        bool_or(cube = 'person') as is_counted_once
    from terms
    group by indicator_id
    having count(*) filter (where cube in ('fund', 'population', 'reported')) = 0
),

-- What no extract told stands as the departments returned it, and they return each level for itself.
as_returned as (
    select distinct
        terms.indicator_id,
        terms.year,
        terms.province
    from terms
    inner join {{ ref('labelled_told') }} as told
        on
            terms.province = told.province
            and terms.data_year = told.year
            and terms.reported_indicator = told.reported_indicator
    where terms.cube = 'told' and told.is_returned
),

provinces as (
    select
        'regions' as identity_id,
        wholes.year,
        wholes.region_code,
        wholes.region_level,
        wholes.indicator_id
        || case when added_indicators.is_counted_once then ': regions >= province' else ': regions = province' end as statement,
        sum(prefectures.numerator) as left_value,
        wholes.numerator as right_value,
        case
            when added_indicators.is_counted_once
                then
                    sum(prefectures.numerator) >= wholes.numerator
                    and coalesce(sum(prefectures.denominator) >= wholes.denominator, wholes.denominator is null)
            else
                sum(prefectures.numerator) = wholes.numerator
                and coalesce(sum(prefectures.denominator) = wholes.denominator, wholes.denominator is null)
        end as holds
    from wholes
    inner join added_indicators on wholes.indicator_id = added_indicators.indicator_id
    inner join members as prefectures
        on
            wholes.indicator_id = prefectures.indicator_id
            and wholes.year = prefectures.year
            and left(wholes.region_code, 2) = left(prefectures.region_code, 2)
            and prefectures.region_level = 'prefecture'
            and prefectures.breakdown = 'total'
    left join as_returned
        on
            wholes.indicator_id = as_returned.indicator_id
            and wholes.year = as_returned.year
            and wholes.region_code = as_returned.province
    where wholes.region_level = 'province' and as_returned.indicator_id is null
    group by wholes.indicator_id, wholes.year, wholes.region_code, wholes.region_level, wholes.numerator, wholes.denominator,
        added_indicators.is_counted_once
),

-- A mean lies between the means of its tiers; compared as rounded doubles, so one part in 10^12 is allowed.
tiers as (
    select
        indicator_id,
        year,
        region_code,
        min(value) as lowest,
        max(value) as highest
    from members
    where breakdown = 'hospital_tier' and denominator is not null and status <> 'not_computable'
    group by indicator_id, year, region_code
),

means as (
    select
        'within_tiers' as identity_id,
        wholes.year,
        wholes.region_code,
        wholes.region_level,
        wholes.indicator_id || ': lowest tier <= mean <= highest tier' as statement,
        wholes.value as left_value,
        least(greatest(wholes.value, tiers.lowest), tiers.highest) as right_value,
        wholes.value between tiers.lowest - abs(tiers.lowest) * 1e-12 and tiers.highest + abs(tiers.highest) * 1e-12 as holds
    from wholes
    inner join tiers
        on
            wholes.indicator_id = tiers.indicator_id
            and wholes.year = tiers.year
            and wholes.region_code = tiers.region_code
),

exact as (
    select * from judged_statements
    union all
    select * from parts_and_wholes
    union all
    select * from provinces
),

final as (
    select
        identity_id,
        year,
        region_code,
        region_level,
        statement,
        cast(left_value as double) as left_value,
        cast(right_value as double) as right_value,
        cast(left_value - right_value as double) as difference,
        holds
    from exact
    union all
    select
        identity_id,
        year,
        region_code,
        region_level,
        statement,
        left_value,
        right_value,
        case when holds then 0 else left_value - right_value end as difference,
        holds
    from means
)

select * from final
