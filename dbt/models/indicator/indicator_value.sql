with dictionary as (
    select * from {{ source('dictionary', 'indicator_dictionary') }}
    where kind not in ('alias', 'not_yet', 'not_applicable')
),

definitions as (
    select * from {{ source('dictionary', 'indicator_definition') }}
),

breakdowns as (
    select * from {{ source('dictionary', 'indicator_breakdown') }}
),

gaps as (
    select * from {{ source('dictionary', 'breakdown_gap') }}
),

terms as (
    select * from {{ ref('indicator_term') }}
),

regions as (
    select * from {{ ref('indicator_region') }}
),

obstacles as (
    select * from {{ ref('indicator_obstacle') }}
),

amounts as (
    select * from {{ ref('indicator_amount') }}
),

ratios as (
    select distinct
        indicator_id,
        province,
        year
    from terms
    where role = 'denominator'
),

-- Every region shows every member that the province has anywhere in the year, so that a gap is a 0 and not a hole.
members as (
    select distinct
        indicator_id,
        province,
        year,
        breakdown,
        member,
        cast(null as varchar) as gap_reason
    from amounts
    where breakdown <> 'total'
    union all
    select
        definitions.indicator_id,
        definitions.province,
        definitions.year,
        'total' as breakdown,
        'total' as member,
        cast(null as varchar) as gap_reason
    from definitions
    union all
    -- L24: a breakdown that no extract can carry says so, instead of being silent.
    select
        definitions.indicator_id,
        definitions.province,
        definitions.year,
        gaps.breakdown,
        'unknown' as member,
        gaps.reason as gap_reason
    from definitions
    inner join gaps on definitions.indicator_id = gaps.indicator_id
),

cells as (
    select
        members.*,
        regions.region_code,
        regions.region_level,
        definitions.definition_id,
        dictionary.kind,
        dictionary.unit,
        dictionary.scale,
        dictionary.unit_factor,
        nullif(dictionary.scheme_label, '') as scheme_label,
        nullif(dictionary.tier_label, '') as tier_label,
        ratios.indicator_id is not null as is_ratio,
        coalesce(members.gap_reason, obstacles.reason) as obstacle,
        coalesce(members.gap_reason is not null or obstacles.hides_numerator, false) as hides_numerator
    from members
    inner join definitions
        on
            members.indicator_id = definitions.indicator_id
            and members.province = definitions.province
            and members.year = definitions.year
    inner join dictionary on members.indicator_id = dictionary.indicator_id
    inner join regions on members.province = regions.province and members.year = regions.year
    left join ratios
        on
            members.indicator_id = ratios.indicator_id
            and members.province = ratios.province
            and members.year = ratios.year
    left join obstacles
        on
            members.indicator_id = obstacles.indicator_id
            and members.province = obstacles.province
            and members.year = obstacles.year
            and regions.region_code = obstacles.region_code
    where obstacles.reason is null or members.breakdown = 'total' or members.gap_reason is not null
),

filled as (
    select
        cells.*,
        case when not cells.hides_numerator then coalesce(amounts.numerator, 0) end as numerator,
        case when cells.obstacle is null and cells.is_ratio then coalesce(amounts.denominator, 0) end as denominator,
        -- Nothing there is nobody: 0 units, where the figure comes from units at all.
        case when cells.obstacle is null then amounts.support_count end as support_count
    from cells
    left join amounts
        on
            cells.indicator_id = amounts.indicator_id
            and cells.province = amounts.province
            and cells.year = amounts.year
            and cells.region_code = amounts.region_code
            and cells.breakdown = amounts.breakdown
            and cells.member = amounts.member
),

-- Year to date: the months up to this one, for counts and sums only.
accumulated as (
    select
        later.* exclude (numerator, support_count),
        sum(earlier.numerator) as numerator,
        sum(earlier.support_count) as support_count
    from filled as later
    inner join filled as earlier
        on
            later.indicator_id = earlier.indicator_id
            and later.province = earlier.province
            and later.year = earlier.year
            and later.region_code = earlier.region_code
            and earlier.breakdown = 'month'
            and later.member >= earlier.member
    where later.breakdown = 'month' and not later.is_ratio
    group by all
),

periods as (
    select
        * exclude (numerator, support_count),
        case when breakdown = 'month' then 'month' else 'year' end as period_kind,
        numerator,
        support_count
    from filled
    union all
    select
        * exclude (numerator, support_count),
        'year_to_date' as period_kind,
        numerator,
        support_count
    from accumulated
),

judged as (
    select
        *,
        coalesce(obstacle, case when is_ratio and denominator = 0 then '分母为零 / zero denominator' end) as reason
    from periods
),

-- S15: base units above and below, one division at the end.
final as (
    select
        indicator_id,
        definition_id,
        'working' as vintage,
        year,
        case when breakdown = 'month' then cast(member as integer) end as month,
        region_code,
        region_level,
        case when breakdown = 'scheme' then member else coalesce(scheme_label, 'total') end as scheme,
        case when breakdown = 'member_status' then member else 'total' end as member_status,
        case when breakdown = 'hospital_tier' then member else coalesce(tier_label, 'total') end as hospital_tier,
        case when breakdown = 'visit_type' then member else 'total' end as visit_type,
        case when breakdown = 'travel_class' then member else 'total' end as travel_class,
        case
            when breakdown in ('total', 'month', 'scheme', 'member_status', 'hospital_tier', 'visit_type', 'travel_class')
                then 'total'
            else breakdown
        end as other_dimension,
        case
            when breakdown in ('total', 'month', 'scheme', 'member_status', 'hospital_tier', 'visit_type', 'travel_class')
                then 'total'
            else member
        end as other_member,
        period_kind,
        cast(numerator as decimal(28, 2)) as numerator,
        cast(denominator as decimal(28, 2)) as denominator,
        case
            when reason is not null then null
            when is_ratio then cast(numerator * scale as double) / cast(denominator * unit_factor as double)
            else cast(numerator * scale as double) / cast(unit_factor as double)
        end as value,
        unit,
        case when reason is null then 'provisional' else 'not_computable' end as status,
        reason,
        cast(support_count as bigint) as support_count,
        breakdown
    from judged
)

select * from final
