{% set mapped = mapped_codes() %}

with source as (
    select * from {{ source('raw', 'ltc_payment') }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'ltc_payment'
),

final as (
    select
        source.psn_no,
        {{ mapped_code(mapped, 'insutype') }} as insutype,
        source.eval_date,
        source.disa_grade,
        source.serv_type,
        source.serv_org_code,
        source.setl_ym,
        source.serv_days,
        source.fee_sumamt,
        source.fund_pay_amt,
        source.psn_pay_amt,
        source.insu_admdvs,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        superseded.load_id is null as is_current
    from source
    left join superseded on source.load_id = superseded.load_id and source.source_row = superseded.source_row
)

select * from final
