with payments as (
    select * from {{ ref('stg_matn_alwn_crtf_d') }} where is_current
),

final as (
    select
        matn_alwn_reg_id as allowance_id,
        province,
        poolarea_no as region_code,
        {{ month_number('opt_time') }} as month,
        {{ uuid_to_key('psn_no') }} as person_key,
        matn_alwn_sumamt as amount_yuan,
        -- R21: valid payments with an amount.
        vali_flag = '1' and matn_alwn_sumamt > 0 as is_counted,
        load_id,
        source_row
    from payments
)

select * from final
