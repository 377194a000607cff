with labelled as (
    {{ premium_subsidy_labels(ref('cube_premium_subsidy'), ['persons']) }}
),

final as (
    select
        province,
        region_code,
        year,
        subsidy_source,
        population_group,
        cast(sum(persons) as bigint) as persons
    from labelled
    group by province, region_code, year, subsidy_source, population_group
)

select * from final
