{% set mapped = mapped_codes() %}

with source as (
    select * from {{ source('raw', 'out_appy_d') }}
),

superseded as (
    select distinct
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
        {{ mapped_code(mapped, 'insutype') }} as insutype,
        source.insu_admdvs,
        source.rloc_admdvs,
        {{ mapped_code(mapped, 'rloc_rea') }} as rloc_rea,
        source.out_onln_way,
        source.out_fil_upld_stas,
        source.crte_time,
        {{ mapped_code(mapped, 'vali_flag') }} as vali_flag,
        source.begndate,
        source.enddate,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        superseded.load_id is null as is_current
    from source
    left join superseded on source.load_id = superseded.load_id and source.source_row = superseded.source_row
)

select * from final
