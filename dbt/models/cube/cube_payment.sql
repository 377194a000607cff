with payments as (
    select * from {{ ref('fct_payment') }}
),

final as (
    select
        {{ year_of('payment_month') }} as year,
        payment_month as month,
        province,
        region_code,
        payment_kind,
        count(*) as payments,
        cast(sum(amount_yuan) as decimal(18, 2)) as amount_yuan,
        count(claim_working_days) as claim_payments,
        cast(coalesce(sum(claim_working_days), 0) as bigint) as claim_working_days,
        count(month_end_working_days) as month_end_payments,
        cast(coalesce(sum(month_end_working_days), 0) as bigint) as month_end_working_days
    from payments
    where is_paid
    group by payment_month, province, region_code, payment_kind
)

select * from final
