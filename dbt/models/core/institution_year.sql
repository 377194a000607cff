with institutions as (
    select * from {{ ref('dim_institution') }}
),

statistics_years as (
    select
        province,
        year
    from {{ source('dictionary', 'statistics_year') }}
),

codes as (
    select
        code,
        rollup
    from {{ ref('code_set') }}
    where set_name = 'out_onln_open_type'
),

-- Providers of the province that are open at the end of the year; those elsewhere are other provinces' to count.
final as (
    select
        statistics_years.province,
        statistics_years.year,
        institutions.region_code,
        institutions.provider_kind,
        case
            when institutions.network_code is null then 'not_told'
            else coalesce(codes.rollup, 'unknown')
        end as network,
        institutions.institution_code,
        institutions.load_id,
        institutions.source_row
    from institutions
    inner join statistics_years
        on
            left(institutions.region_code, 2) = left(statistics_years.province, 2)
            and make_date(statistics_years.year, 12, 31) between institutions.valid_from and institutions.valid_to
    left join codes on institutions.network_code = codes.code
)

select * from final
