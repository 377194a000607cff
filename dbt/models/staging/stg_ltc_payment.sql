with source as (
    select * from {{ source('raw', 'ltc_payment') }}
),

superseded as (
    select
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'ltc_payment'
),

final as (
    select
        source.psn_no,
        nullif(trim(source.insutype), '') as insutype,
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
        not exists (
            select 1 from superseded
            where superseded.load_id = source.load_id and superseded.source_row = source.source_row
        ) as is_current
    from source
)

select * from final
