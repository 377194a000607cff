with files as (
    select * from {{ ref('person_file') }}
),

final as (
    select
        reference_year,
        cast(province as varchar) as province,
        coalesce(cast(insured_region as varchar), 'none') as insured_region,
        coalesce(cast(scheme as varchar), 'none') as scheme,
        continuous_years,
        count(*) as persons,
        count(*) filter (where number_count > 1) as several_number_persons,
        count(*) filter (where open_spell_count > 1) as double_enrolled_persons,
        count(*) filter (where is_dead and open_spell_count > 0) as dead_enrolled_persons,
        count(*) filter (where gap_count > 0) as gap_persons,
        count(*) filter (where waiting_months > 0) as waiting_persons,
        cast(sum(waiting_months) as bigint) as waiting_months,
        count(*) filter (where incentive_yuan > 0) as incentive_persons,
        cast(sum(incentive_yuan) as bigint) as incentive_yuan
    from files
    group by reference_year, province, insured_region, scheme, continuous_years
)

select * from final
