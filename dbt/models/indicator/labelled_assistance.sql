with placed as (
    {{ assistance_labels(ref('cube_assistance'), 'month', ['encounters', 'payments', 'assistance_pay_yuan']) }}
),

final as (
    select
        province,
        region_code,
        year,
        scheme,
        care_setting,
        population_group,
        cast(sum(encounters) as bigint) as encounters,
        cast(sum(payments) as bigint) as payments,
        cast(sum(assistance_pay_yuan) as decimal(24, 2)) as assistance_pay_yuan
    from placed
    group by province, region_code, year, scheme, care_setting, population_group
)

select * from final
