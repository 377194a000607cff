with payments as (
    select * from {{ ref('stg_matn_alwn_crtf_d') }} where is_current
),

-- Rows that a migration wrote under invented creators; each province lists its own.
dummy_creators as (
    select * from {{ source('ops', 'dummy_creator') }}
),

final as (
    select
        payments.matn_alwn_reg_id as allowance_id,
        payments.province,
        payments.poolarea_no as region_code,
        {{ month_number('payments.opt_time') }} as month,
        {{ uuid_to_key('payments.psn_no') }} as person_key,
        payments.matn_alwn_sumamt as amount_yuan,
        -- R21: valid payments with an amount, not by an invented creator.
        payments.vali_flag = '1' and payments.matn_alwn_sumamt > 0 and dummy_creators.crter_id is null as is_counted,
        payments.load_id,
        payments.source_row
    from payments
    left join dummy_creators
        on payments.province = dummy_creators.province and payments.crter_id = dummy_creators.crter_id
)

select * from final
