with population as (
    select * from {{ ref('fct_population') }}
),

final as (
    select
        year,
        province,
        region_code,
        population_kind,
        persons
    from population
)

select * from final
