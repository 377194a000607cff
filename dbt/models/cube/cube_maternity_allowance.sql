with payments as (
    select * from {{ ref('fct_maternity_allowance') }} where is_counted
),

final as (
    select
        month,
        province,
        region_code,
        count(*) as payments,
        cast(sum(amount_yuan) as decimal(18, 2)) as amount_yuan
    from payments
    group by month, province, region_code
)

select * from final
