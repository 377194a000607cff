-- L69: payments out of a personal account for somebody else than its holder.
with payments as (
    select * from {{ ref('stg_acct_pay_detl_d') }}
    where is_current and vali_flag = '1' and mulaid_psn_no is not null and mulaid_psn_no <> psn_no
),

uses as (
    select
        code,
        rollup
    from {{ ref('code_set') }}
    where set_name = 'acct_use' and scope <> 'local pattern'
),

relations as (
    select
        code,
        rollup
    from {{ ref('code_set') }}
    where set_name = 'psn_rlts' and scope <> 'local pattern'
),

final as (
    select
        payments.province,
        {{ month_number('payments.crte_time') }} as month,
        payments.crte_time as paid_at,
        payments.insu_admdvs as insured_region,
        {{ uuid_to_key('payments.psn_no') }} as holder_key,
        {{ uuid_to_key('payments.mulaid_psn_no') }} as helped_key,
        coalesce(uses.rollup, 'other') as account_use,
        coalesce(relations.rollup, 'unknown') as aid_relation,
        payments.acct_pay_detl_id as payment_id,
        payments.pay_sumamt as paid_yuan,
        payments.load_id,
        payments.source_row
    from payments
    left join uses on payments.acct_incexpd_type = uses.code
    left join relations on payments.psn_rlts = relations.code
)

select * from final
