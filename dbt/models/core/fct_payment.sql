with payments as (
    select * from {{ ref('stg_med_dfr_d') }} where is_current
),

kinds as (
    select
        code,
        rollup
    from {{ ref('code_set') }}
    where set_name = 'dfr_notc_type'
),

days as (
    select * from {{ ref('dim_working_day') }}
),

dated as (
    select
        payments.dfr_id as payment_id,
        payments.province,
        payments.admdvs as region_code,
        payments.dfr_obj_code as payee_code,
        coalesce(kinds.rollup, 'unknown') as payment_kind,
        payments.dfr_sumamt as amount_yuan,
        payments.fin_dspo_flag = '1' and payments.fin_acen_time is not null as is_paid,
        cast(payments.setlym as integer) as settlement_month,
        cast(payments.appy_time as date) as claim_date,
        {{ last_day_of('cast(payments.setlym as integer)') }} as month_end_date,
        cast(payments.fin_acen_time as date) as payment_date,
        {{ month_number('payments.fin_acen_time') }} as payment_month,
        payments.load_id,
        payments.source_row
    from payments
    left join kinds on payments.dfr_notc_type = kinds.code
),

-- Working days after the first date up to the second; what is paid on the day itself, or before it, took none.
final as (
    select
        dated.*,
        greatest(paid.working_day_number - claimed.working_day_number, 0) as claim_working_days,
        greatest(paid.working_day_number - closed.working_day_number, 0) as month_end_working_days
    from dated
    left join days as paid on dated.province = paid.province and dated.payment_date = paid.day
    left join days as claimed on dated.province = claimed.province and dated.claim_date = claimed.day
    left join days as closed on dated.province = closed.province and dated.month_end_date = closed.day
)

select * from final
