with placed as (
    {{ assistance_labels(ref('cube_listed_care'), 'month', ['visits', 'assistance_pay_yuan'], group='cells.population_group') }}
),

final as (
    select
        province,
        region_code,
        year,
        scheme,
        care_setting,
        population_group,
        cast(sum(visits) as bigint) as visits,
        cast(sum(assistance_pay_yuan) as decimal(24, 2)) as assistance_pay_yuan
    from placed
    group by province, region_code, year, scheme, care_setting, population_group
)

select * from final
