{% set mapped = mapped_codes() %}

with source as (
    select * from {{ source('raw', 'acct_pay_detl_d') }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'acct_pay_detl_d'
),

final as (
    select
        source.acct_pay_detl_id,
        source.psn_no,
        {{ mapped_code(mapped, 'acct_incexpd_type', 'acct_use') }} as acct_incexpd_type,
        source.mulaid_psn_no,
        {{ mapped_code(mapped, 'psn_rlts') }} as psn_rlts,
        source.setl_id,
        source.pay_sumamt,
        source.insu_admdvs,
        source.crte_time,
        {{ mapped_code(mapped, 'vali_flag') }} as vali_flag,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        superseded.load_id is null as is_current
    from source
    left join superseded on source.load_id = superseded.load_id and source.source_row = superseded.source_row
)

select * from final
