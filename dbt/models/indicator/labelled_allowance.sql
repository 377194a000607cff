with placed as (
    {{ allowance_labels(ref('cube_maternity_allowance'), ['payments']) }}
),

final as (
    select
        province,
        region_code,
        year,
        benefit_type,
        cast(sum(payments) as bigint) as payments
    from placed
    group by province, region_code, year, benefit_type
)

select * from final
