with labelled as (
    {{ listed_labels(ref('cube_listed_person'), ['persons']) }}
),

final as (
    select
        province,
        region_code,
        year,
        population_group,
        list_cover,
        cast(sum(persons) as bigint) as persons
    from labelled
    group by province, region_code, year, population_group, list_cover
)

select * from final
