{% set mapped = mapped_codes() %}

with source as (
    select * from {{ source('raw', 'fee_list_d') }}
),

superseded as (
    select distinct
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
        source.med_type,
        source.fee_ocur_time,
        source.hilist_code,
        source.med_list_codg,
        {{ mapped_code(mapped, 'list_type') }} as list_type,
        {{ mapped_code(mapped, 'med_chrgitm_type') }} as med_chrgitm_type,
        {{ mapped_code(mapped, 'chrgitm_lv') }} as chrgitm_lv,
        source.cnt,
        source.det_item_fee_sumamt,
        source.fulamt_ownpay_amt,
        source.overlmt_selfpay,
        source.preselfpay_amt,
        source.inscp_amt,
        source.hi_nego_drug_flag,
        source.bilg_dept_codg,
        {{ mapped_code(mapped, 'vali_flag') }} as vali_flag,
        source.updt_time,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        superseded.load_id is null as is_current
    from source
    left join superseded on source.load_id = superseded.load_id and source.source_row = superseded.source_row
)

select * from final
