{% set mapped = mapped_codes() %}

with source as (
    select * from {{ source('raw', 'rsdt_psn_clct_detl_d') }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'rsdt_psn_clct_detl_d'
),

final as (
    select
        source.psn_no,
        source.psn_insu_rlts_id,
        source.emp_no,
        {{ mapped_code(mapped, 'insutype') }} as insutype,
        source.cashym,
        source.accrym_begn,
        source.accrym_end,
        source.emp_clctstd,
        source.psn_clctstd,
        source.emp_clct_amt,
        source.psn_clct_amt,
        source.emp_clct_into_acct_amt,
        source.finsubs_amt,
        source.oth_clct_amt,
        source.clct_sumamt,
        source.inte,
        source.latefee,
        {{ mapped_code(mapped, 'clct_flag') }} as clct_flag,
        {{ mapped_code(mapped, 'clct_type') }} as clct_type,
        source.clct_time,
        source.revs_flag,
        {{ mapped_code(mapped, 'insutype_retr_flag') }} as insutype_retr_flag,
        source.poolarea_no,
        source.insu_idet,
        source.psn_idet_type,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        superseded.load_id is null as is_current
    from source
    left join superseded on source.load_id = superseded.load_id and source.source_row = superseded.source_row
)

select * from final
