with labelled as (
    {{ payment_labels(ref('cube_payment'), [
        'payments', 'amount_yuan', 'claim_payments', 'claim_working_days', 'month_end_payments', 'month_end_working_days',
    ]) }}
),

final as (
    select
        province,
        region_code,
        year,
        payment_kind,
        cast(sum(payments) as bigint) as payments,
        cast(sum(amount_yuan) as decimal(24, 2)) as paid_yuan,
        cast(sum(claim_payments) as bigint) as claim_payments,
        cast(sum(claim_working_days) as bigint) as claim_working_days,
        cast(sum(month_end_payments) as bigint) as month_end_payments,
        cast(sum(month_end_working_days) as bigint) as month_end_working_days
    from labelled
    group by province, region_code, year, payment_kind
)

select * from final
