with subsidies as (
    select * from {{ ref('fct_premium_subsidy') }}
),

final as (
    select
        insurance_year,
        province,
        insured_region,
        subsidy_source,
        population_group,
        count(*) as persons
    from subsidies
    group by insurance_year, province, insured_region, subsidy_source, population_group
)

select * from final
