with terms as (
    select * from {{ ref('indicator_term') }}
),

extract_names as (
    select
        extract,
        name_zh || '（' || extract || '）' as shown_zh,
        name_en || ' (' || extract || ')' as shown_en
    from {{ source('dictionary', 'extract') }}
),

statistics_years as (
    select * from {{ source('dictionary', 'statistics_year') }}
),

loads as (
    select distinct extract from {{ source('ops', 'load') }}
),

cube_extract as (
    select * from {{ ref('cube_extract') }}
),

-- What the dictionary names, and what the cubes of the indicator's terms count.
needed_extracts as (
    select
        indicator_id,
        extract
    from {{ source('dictionary', 'indicator_extract') }}
    union
    select
        terms.indicator_id,
        cube_extract.extract
    from terms
    inner join cube_extract on terms.cube = cube_extract.cube
    -- What an extract may tell instead of a department needs neither of them for itself.
    where terms.cube <> 'told'
    union
    -- L72, L88: who filed is known by the filings alone.
    select
        indicator_id,
        'out_appy_d' as extract
    from terms
    where stay_filing is not null or referral is not null
    union
    -- L66: the list names people by certificates, which the register of persons knows.
    select
        indicator_id,
        'psn_info_b' as extract
    from terms
    where cube in ('triple_protection', 'listed_care')
),

given as (
    select
        province,
        region_code,
        year,
        case when population_kind = 'none' then 'reported' else 'population' end as cube,
        case when population_kind = 'none' then reported_indicator else population_kind end as item
    from {{ ref('labelled_given') }}
    union all
    select
        province,
        region_code,
        year,
        'told' as cube,
        reported_indicator as item
    from {{ ref('labelled_told') }}
),

-- What each cube holds at all, whatever a selection takes of it.
measures as (
    {%- for cube, relation, year in [
        ('settlement', 'labelled_settlement', 'year'), ('visit', 'labelled_settlement', 'year'),
        ('stay', 'labelled_stay', 'year'), ('stay_end', 'labelled_stay', 'end_year'),
        ('enrolment', 'labelled_enrolment', 'year'), ('fund', 'labelled_fund', 'year'),
        ('maternity_allowance', 'labelled_allowance', 'year'), ('assistance', 'labelled_assistance', 'year'),
        ('premium_subsidy', 'labelled_premium_subsidy', 'year'),
        ('person', 'labelled_person', 'year'),
        ('filing', 'labelled_filing', 'year'), ('payment', 'labelled_payment', 'year'),
        ('listed', 'labelled_listed', 'year'), ('negotiated_drug', 'labelled_negotiated_drug', 'year'),
        ('large_exam', 'labelled_large_exam', 'year'),
        ('triple_protection', 'labelled_triple_protection', 'year'),
        ('assisted_care', 'labelled_assisted_care', 'year'), ('listed_care', 'labelled_listed_care', 'year'),
    ] %}
    select
        '{{ cube }}' as cube,
        province,
        region_code,
        {{ year }} as year
    from {{ ref(relation) }}
    group by province, region_code, {{ year }}
    union
    select
        '{{ cube }}' as cube,
        province,
        province as region_code,
        {{ year }} as year
    from {{ ref(relation) }}
    group by province, {{ year }}
    union
    {%- endfor %}
    select distinct
        cube,
        province,
        region_code,
        year
    from given
),

years as (
    select distinct
        cube,
        province,
        year
    from measures
),

-- A population and a return are given item by item: one kind of population or one returned indicator is no other.
items as (
    select
        cube,
        item,
        province,
        region_code,
        year
    from given
    union
    select
        cube,
        'any' as item,
        province,
        region_code,
        year
    from measures
),

regions as (
    select * from {{ ref('indicator_region') }}
),

missing_extracts as (
    select
        needed_extracts.indicator_id,
        string_agg(extract_names.shown_zh, '、' order by extract_names.extract) as names_zh,
        string_agg(extract_names.shown_en, ', ' order by extract_names.extract) as names_en
    from needed_extracts
    inner join extract_names on needed_extracts.extract = extract_names.extract
    left join loads on needed_extracts.extract = loads.extract
    where loads.extract is null
    group by needed_extracts.indicator_id
),

-- Counts of what a cube does not hold are 0; a ledger, a population or a return that was not given is not 0.
wanted as (
    select distinct
        terms.indicator_id,
        terms.province,
        terms.year,
        terms.role,
        terms.cube,
        terms.lag_years,
        terms.data_year,
        terms.first_year is not null as is_cumulated,
        terms.cube in ('fund', 'population', 'reported', 'told') as is_given,
        coalesce(terms.reported_indicator, terms.population_kind, 'any') as item,
        regions.region_code,
        statistics_years.register_year
    from terms
    inner join regions on terms.province = regions.province and terms.year = regions.year
    inner join statistics_years on terms.province = statistics_years.province and terms.year = statistics_years.year
),

unmet as (
    select
        wanted.*,
        years.cube is null as has_no_year,
        own.cube is not null as has_other_items
    from wanted
    left join years
        on
            wanted.cube = years.cube
            and wanted.province = years.province
            and wanted.data_year = years.year
    left join measures as own
        on
            wanted.cube = own.cube
            and wanted.province = own.province
            and wanted.region_code = own.region_code
            and wanted.data_year = own.year
    left join items
        on
            wanted.cube = items.cube
            and wanted.item = items.item
            and wanted.province = items.province
            and wanted.region_code = items.region_code
            and wanted.data_year = items.year
    where case when wanted.is_given then items.cube is null else years.cube is null end
),

-- 0 a year whose end the register has not reached (L27), 1 no such year at all, 2 no year before it, 3 other regions have it,
-- 4 and 5 the region has other items of the year, but not this return or not this kind of population, 6 years of a sum are missing.
gaps as (
    select
        unmet.indicator_id,
        unmet.province,
        unmet.year,
        unmet.region_code,
        unmet.role,
        unmet.data_year,
        extract_names.shown_zh,
        extract_names.shown_en,
        case
            when unmet.is_cumulated then 6
            when unmet.has_other_items and unmet.cube in ('reported', 'told') then 4
            when unmet.has_other_items and unmet.is_given then 5
            when not unmet.has_no_year then 3
            when unmet.cube in ('enrolment', 'listed') and unmet.data_year > unmet.register_year then 0
            when unmet.lag_years > 0 then 2
            else 1
        end as gap
    from unmet
    inner join cube_extract on unmet.cube = cube_extract.cube
    inner join extract_names on cube_extract.extract = extract_names.extract
),

ranked_gaps as (
    select
        *,
        min(gap) over (partition by indicator_id, province, year, region_code) as first_gap
    from gaps
),

named_gaps as (
    select
        indicator_id,
        province,
        year,
        region_code,
        first_gap,
        string_agg(distinct shown_zh, '、' order by shown_zh) filter (where gap = first_gap) as names_zh,
        string_agg(distinct shown_en, ', ' order by shown_en) filter (where gap = first_gap) as names_en,
        string_agg(distinct cast(data_year as varchar), '、' order by cast(data_year as varchar)) filter (where gap = first_gap) as years,
        -- A numerator that is known stays visible when only what it is divided by was not given.
        count(*) filter (where role = 'numerator') > 0 as hides_numerator
    from ranked_gaps
    group by indicator_id, province, year, region_code, first_gap
),

from_data as (
    select
        indicator_id,
        province,
        year,
        region_code,
        case first_gap
            when 0 then '年末尚未到，或年末状态尚未交付：' || names_zh || ' / year end not reached or not yet delivered: ' || names_en
            when 1 then '当年没有数据：' || names_zh || ' / no data for the year: ' || names_en
            when 2 then '缺少上一年数据：' || names_zh || ' / previous year missing: ' || names_en
            when 3 then '该地区没有数据：' || names_zh || ' / no data for the region: ' || names_en
            when 4 then '该地区当年没有填报该指标：' || names_zh || ' / no return for this indicator in the region and year: ' || names_en
            when 6
                then '累计缺少的年份：' || years || '（' || names_zh || '） / years missing from the sum: '
                || replace(years, '、', ', ') || ' (' || names_en || ')'
            else '该地区当年没有所需口径的人口数：' || names_zh || ' / no population of the kind needed in the region and year: ' || names_en
        end as reason,
        hides_numerator,
        2 as preference
    from named_gaps
),

from_extracts as (
    select
        missing_extracts.indicator_id,
        regions.province,
        regions.year,
        regions.region_code,
        '未加载数据表：' || missing_extracts.names_zh || ' / extract never loaded: ' || missing_extracts.names_en as reason,
        true as hides_numerator,
        1 as preference
    from missing_extracts
    cross join regions
),

-- A sum over the years from a first one says nothing of the years before it.
not_begun as (
    select distinct
        terms.indicator_id,
        regions.province,
        regions.year,
        regions.region_code,
        '累计自 ' || terms.first_year || ' 年起 / the sum begins in ' || terms.first_year as reason,
        true as hides_numerator,
        0 as preference
    from {{ source('dictionary', 'indicator_term') }} as terms
    inner join regions on terms.first_year > regions.year
),

-- Filings of which none says the way in which it was made say nothing of those made online.
unnamed_ways as (
    select
        province,
        year
    from {{ ref('labelled_filing') }}
    group by province, year
    having bool_and(filing_way = 'not_told')
),

from_columns as (
    select distinct
        terms.indicator_id,
        regions.province,
        regions.year,
        regions.region_code,
        '备案数据没有填写联网方式（out_appy_d.out_onln_way） / no filing names its way (out_appy_d.out_onln_way)' as reason,
        true as hides_numerator,
        3 as preference
    from terms
    inner join unnamed_ways on terms.province = unnamed_ways.province and terms.data_year = unnamed_ways.year
    inner join regions on terms.province = regions.province and terms.year = regions.year
    where terms.filing_way is not null
),

together as (
    select * from from_data
    union all
    select * from from_columns
    union all
    select * from {{ ref('line_obstacle') }}
    union all
    select * from not_begun
    union all
    select * from from_extracts
),

ranked as (
    select
        *,
        row_number() over (partition by indicator_id, province, year, region_code order by preference) as place
    from together
),

final as (
    select
        indicator_id,
        province,
        year,
        region_code,
        reason,
        hides_numerator
    from ranked
    where place = 1
)

select * from final
