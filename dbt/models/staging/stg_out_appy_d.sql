with source as (
    select * from {{ source('raw', 'out_appy_d') }}
),

superseded as (
    select
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'out_appy_d'
),

final as (
    select
        source.trt_dcla_detl_sn,
        source.psn_no,
        source.psn_insu_rlts_id,
        nullif(trim(source.insutype), '') as insutype,
        nullif(trim(source.insu_admdvs), '') as insu_admdvs,
        nullif(trim(source.rloc_admdvs), '') as rloc_admdvs,
        nullif(trim(source.rloc_rea), '') as rloc_rea,
        source.out_onln_way,
        source.out_fil_upld_stas,
        source.crte_time,
        nullif(trim(source.vali_flag), '') as vali_flag,
        source.begndate,
        source.enddate,
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
