with landed as (
    select * from {{ ref('stg_admdvs_dim_a') }} where is_current
),

fallback as (
    select * from {{ ref('admdvs') }}
),

exceptions as (
    select * from {{ ref('region_exception') }}
),

-- R17: the delivered codes are the lawful ones; the shipped list stands in only while none has been delivered.
listed as (
    select
        admdvs as region_code,
        admdvs_name as region_name,
        nullif(prnt_admdvs, '') as parent_code,
        coalesce(begndate, date '1900-01-01') as valid_from,
        {{ open_end('enddate') }} as valid_to
    from landed
    union all
    select
        code as region_code,
        name_zh as region_name,
        parent_code,
        date '1900-01-01' as valid_from,
        date '9999-12-31' as valid_to
    from fallback
    where not exists (select 1 from landed)
),

provinces as (
    select
        left(listed.region_code, 2) as prefix,
        coalesce(
            max(case when substr(listed.region_code, 3, 4) = '0000' then listed.region_name end),
            max(fallback.name_zh),
            left(listed.region_code, 2) || '0000'
        ) as province_name
    from listed
    left join fallback on left(listed.region_code, 2) || '0000' = fallback.code
    where listed.region_code <> '100000'
    group by left(listed.region_code, 2)
),

-- The platform gives every province a level of its own (xx9900), and rows without a place stand under xx9999. Lists often
-- leave both out; a place that rows can lie in has a name all the same.
implied as (
    select
        prefix || '0000' as region_code,
        province_name as region_name,
        '100000' as parent_code
    from provinces
    union all
    select
        prefix || '9900' as region_code,
        province_name || '本级' as region_name,
        prefix || '0000' as parent_code
    from provinces
    union all
    select
        prefix || '9999' as region_code,
        province_name || '（统筹区不明）' as region_name,
        prefix || '0000' as parent_code
    from provinces
),

codes as (
    select
        *,
        true as is_listed
    from listed
    union all
    select
        *,
        date '1900-01-01' as valid_from,
        date '9999-12-31' as valid_to,
        false as is_listed
    from implied
    where not exists (select 1 from listed where listed.region_code = implied.region_code)
),

periods as (
    select
        codes.*,
        left(codes.region_code, 2) || '0000' as province_code,
        substr(codes.region_code, 3, 4) = '0000' as is_province,
        lag(codes.valid_from) over (partition by codes.region_code order by codes.valid_from) as previous_from,
        lead(codes.valid_from) over (partition by codes.region_code order by codes.valid_from) as next_from
    from codes
),

parents as (
    select
        region_code,
        min(parent_code) as parent_code
    from codes
    group by region_code
),

-- Whatever hangs directly below a province is a prefecture-level region of its own: prefectures, the provincial level
-- itself (xx9900) and units run by the province. Four characters are a prefecture only where nothing better is known.
placed as (
    select
        periods.*,
        case
            when periods.is_province then null
            when municipality.code_prefix is not null then left(periods.region_code, 2) || '0100'
            when province_run.code_prefix is not null and substr(periods.region_code, 5, 2) <> '00' then periods.region_code
            when periods.parent_code = periods.province_code then periods.region_code
            when parents.parent_code = periods.province_code then periods.parent_code
            else left(periods.region_code, 4) || '00'
        end as prefecture_code
    from periods
    left join parents on periods.parent_code = parents.region_code
    left join exceptions as municipality
        on municipality.kind = 'municipality' and left(periods.region_code, 2) = municipality.code_prefix
    left join exceptions as province_run
        on province_run.kind = 'province_run' and left(periods.region_code, 4) = province_run.code_prefix
),

final as (
    select
        region_code,
        region_name,
        case
            when region_code = '100000' then 'country'
            when is_province then 'province'
            when region_code = prefecture_code then 'prefecture'
            else 'county'
        end as region_level,
        case when region_code <> '100000' then province_code end as province_code,
        prefecture_code,
        valid_from,
        valid_to,
        is_listed,
        -- Codes retire and live on in history, so a place is found before its first and after its last day too.
        case when previous_from is null then date '1900-01-01' else valid_from end as lookup_from,
        case when next_from is null then date '9999-12-31' else next_from - 1 end as lookup_to
    from placed
)

select * from final
