with institutions as (
    select * from {{ ref('institution_year') }}
),

final as (
    select
        year,
        province,
        region_code,
        provider_kind,
        network,
        count(distinct institution_code) as institutions
    from institutions
    group by year, province, region_code, provider_kind, network
)

select * from final
