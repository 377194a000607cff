-- What keeps figures of charge lines and of a province's own lists from being computed; beside indicator_obstacle, which takes it up.
with terms as (
    select * from {{ ref('indicator_term') }}
),

regions as (
    select * from {{ ref('indicator_region') }}
),

-- L75, L87: lines are delivered, and flagged, for some months only in many places; a year of some months is no year.
months_without_lines as (
    {%- for cube, relation in [('negotiated_drug', 'cube_negotiated_drug'), ('large_exam', 'cube_large_exam')] %}
    {{ 'union all' if not loop.first }}
    select
        '{{ cube }}' as cube,
        settled.province,
        {{ year_of('settled.statistics_month') }} as year,
        string_agg(cast(settled.statistics_month % 100 as varchar), '、' order by settled.statistics_month) as months
    from (
        select distinct
            province,
            statistics_month
        from {{ ref('cube_settlement') }}
        where reversal_class = 'live'
    ) as settled
    left join (
        select distinct
            province,
            statistics_month
        from {{ ref(relation) }}
    ) as told on settled.province = told.province and settled.statistics_month = told.statistics_month
    where told.statistics_month is null
    group by settled.province, {{ year_of('settled.statistics_month') }}
    {%- endfor %}
),

from_months as (
    select distinct
        terms.indicator_id,
        regions.province,
        regions.year,
        regions.region_code,
        case terms.cube
            when 'large_exam' then
                '没有大型检查明细的月份：' || lacking.months || '（fee_list_d.hilist_code） / months without lines of exams on large equipment: '
                || replace(lacking.months, '、', ', ') || ' (fee_list_d.hilist_code)'
            else
                '没有谈判药明细的月份：' || lacking.months || '（fee_list_d.hi_nego_drug_flag） / '
                || 'months without lines of negotiated drugs: ' || replace(lacking.months, '、', ', ')
                || ' (fee_list_d.hi_nego_drug_flag)'
        end as reason,
        true as hides_numerator,
        3 as preference
    from terms
    inner join months_without_lines as lacking
        on terms.cube = lacking.cube and terms.province = lacking.province and terms.data_year = lacking.year
    inner join regions on terms.province = regions.province and terms.year = regions.year
),

-- L87, L88: what is an exam on large equipment, and what hospitals can treat, is known to the province alone.
from_maps as (
    select distinct
        terms.indicator_id,
        regions.province,
        regions.year,
        regions.region_code,
        case
            when terms.cube = 'large_exam'
                then '省口径文件没有列出大型检查项目（large_exam_map） / the province''s file names no exams on large equipment (large_exam_map)'
            else '省口径文件没有列出各级医院可收治的病组（referral_capability） / the province''s file does not say what hospitals can treat (referral_capability)'
        end as reason,
        true as hides_numerator,
        0 as preference
    from terms
    inner join regions on terms.province = regions.province and terms.year = regions.year
    where
        (
            terms.cube = 'large_exam'
            and terms.province not in (select mapped.province from {{ source('ops', 'large_exam_map') }} as mapped)
        )
        or (
            terms.referral is not null
            and terms.province not in (select listed.province from {{ source('ops', 'referral_capability') }} as listed)
        )
),

final as (
    select * from from_months
    union all
    select * from from_maps
)

select * from final
