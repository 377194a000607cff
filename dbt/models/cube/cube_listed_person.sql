with persons as (
    select * from {{ ref('fct_listed_person') }}
),

final as (
    select
        reference_year,
        province,
        region_code,
        population_group,
        list_cover,
        count(*) as persons
    from persons
    group by reference_year, province, region_code, population_group, list_cover
)

select * from final
