with source as (
    select * from {{ source('raw', 'psn_insu_d') }}
),

superseded as (
    select
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'psn_insu_d'
),

final as (
    select
        source.psn_insu_rlts_id,
        source.psn_no,
        nullif(trim(source.emp_no), '') as emp_no,
        nullif(trim(source.insutype), '') as insutype,
        nullif(trim(source.psn_type), '') as psn_type,
        nullif(trim(source.psn_insu_stas), '') as psn_insu_stas,
        source.crt_insu_date,
        source.psn_insu_date,
        source.paus_insu_date,
        nullif(trim(source.insutype_retr_flag), '') as insutype_retr_flag,
        source.clct_way,
        source.hi_type,
        source.fst_insu_ym,
        nullif(trim(source.insu_admdvs), '') as insu_admdvs,
        nullif(trim(source.poolarea_no), '') as poolarea_no,
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
