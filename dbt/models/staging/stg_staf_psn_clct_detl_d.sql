with source as (
    select * from {{ source('raw', 'staf_psn_clct_detl_d') }}
),

superseded as (
    select
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'staf_psn_clct_detl_d'
),

final as (
    select
        source.psn_no,
        source.psn_insu_rlts_id,
        nullif(trim(source.emp_no), '') as emp_no,
        nullif(trim(source.insutype), '') as insutype,
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
        nullif(trim(source.clct_flag), '') as clct_flag,
        nullif(trim(source.clct_type), '') as clct_type,
        source.clct_time,
        nullif(trim(source.revs_flag), '') as revs_flag,
        nullif(trim(source.insutype_retr_flag), '') as insutype_retr_flag,
        nullif(trim(source.poolarea_no), '') as poolarea_no,
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
