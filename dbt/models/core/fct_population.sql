with population as (
    select * from {{ ref('stg_population_ref') }} where is_current
),

kinds as (
    select
        code,
        name_zh
    from {{ ref('code_set') }}
    where set_name = 'pop_kind'
),

final as (
    select
        cast(population.year as integer) as year,
        population.province,
        population.admdvs as region_code,
        coalesce(kinds.code, population.pop_kind) as population_kind,
        cast(population.persons as bigint) as persons,
        population.source_doc as source_document,
        population.load_id,
        population.source_row
    from population
    left join kinds on population.pop_kind = kinds.code or population.pop_kind = kinds.name_zh
)

select * from final
