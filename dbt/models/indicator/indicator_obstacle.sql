with terms as (
    select * from {{ ref('indicator_term') }}
),

extracts as (
    select * from {{ source('dictionary', 'indicator_extract') }}
),

statistics_years as (
    select * from {{ source('dictionary', 'statistics_year') }}
),

loads as (
    select distinct extract from {{ source('ops', 'load') }}
),

-- What each cube holds at all, whatever a selection takes of it.
measures as (
    {%- for cube, relation, year in [
        ('settlement', 'labelled_settlement', 'year'), ('visit', 'labelled_settlement', 'year'),
        ('stay', 'labelled_stay', 'year'), ('stay_end', 'labelled_stay', 'end_year'),
        ('enrolment', 'labelled_enrolment', 'year'), ('fund', 'labelled_fund', 'year'),
        ('maternity_allowance', 'labelled_allowance', 'year'), ('assistance', 'labelled_assistance', 'year'),
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
    select
        case when population_kind = 'none' then 'reported' else 'population' end as cube,
        province,
        region_code,
        year
    from {{ ref('labelled_given') }}
    group by case when population_kind = 'none' then 'reported' else 'population' end, province, region_code, year
),

regions as (
    select * from {{ ref('indicator_region') }}
),

missing_extracts as (
    select
        extracts.indicator_id,
        string_agg(extracts.extract, ', ' order by extracts.extract) as names
    from extracts
    left join loads on extracts.extract = loads.extract
    where loads.extract is null
    group by extracts.indicator_id
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
        terms.cube in ('fund', 'population', 'reported') as is_given,
        regions.region_code
    from terms
    inner join regions on terms.province = regions.province and terms.year = regions.year
),

unmet as (
    select
        wanted.*,
        whole.cube is null as has_no_year
    from wanted
    left join measures as whole
        on
            wanted.cube = whole.cube
            and wanted.province = whole.province
            and wanted.province = whole.region_code
            and wanted.data_year = whole.year
    left join measures as own
        on
            wanted.cube = own.cube
            and wanted.province = own.province
            and wanted.region_code = own.region_code
            and wanted.data_year = own.year
    where
        (whole.cube is null and not (wanted.is_given and own.cube is not null))
        or (wanted.is_given and own.cube is null)
),

from_data as (
    select
        indicator_id,
        province,
        year,
        region_code,
        case
            when min(case when has_no_year then lag_years end) = 0 then '当年没有数据 / no data for the year'
            when min(case when has_no_year then lag_years end) > 0 then '缺少上一年数据 / previous year missing'
            else '该地区没有数据 / no data for the region'
        end as reason,
        -- A numerator that is known stays visible when only what it is divided by was not given.
        count(*) filter (where role = 'numerator') > 0 as hides_numerator,
        2 as preference
    from unmet
    group by indicator_id, province, year, region_code
),

from_extracts as (
    select
        missing_extracts.indicator_id,
        regions.province,
        regions.year,
        regions.region_code,
        '未加载数据表 / extract never loaded: ' || missing_extracts.names as reason,
        true as hides_numerator,
        1 as preference
    from missing_extracts
    cross join regions
),

together as (
    select * from from_data
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
