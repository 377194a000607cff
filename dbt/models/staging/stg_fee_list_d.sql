with source as (
    select * from {{ source('raw', 'fee_list_d') }}
),

superseded as (
    select
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'fee_list_d'
),

final as (
    select
        source.bkkp_sn,
        source.init_feedetl_sn,
        source.setl_id,
        source.mdtrt_id,
        source.psn_no,
        source.fixmedins_code,
        nullif(trim(source.med_type), '') as med_type,
        source.fee_ocur_time,
        source.hilist_code,
        source.med_list_codg,
        source.medins_list_codg,
        nullif(trim(source.list_type), '') as list_type,
        nullif(trim(source.med_chrgitm_type), '') as med_chrgitm_type,
        nullif(trim(source.chrgitm_lv), '') as chrgitm_lv,
        source.cnt,
        source.pric,
        source.det_item_fee_sumamt,
        source.pric_uplmt_amt,
        source.selfpay_prop,
        source.fulamt_ownpay_amt,
        source.overlmt_selfpay,
        source.preselfpay_amt,
        source.inscp_amt,
        source.hi_nego_drug_flag,
        source.bilg_dept_codg,
        nullif(trim(source.vali_flag), '') as vali_flag,
        source.updt_time,
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
