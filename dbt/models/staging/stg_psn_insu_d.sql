{% set mapped = mapped_codes() %}

with source as (
    select * from {{ source('raw', 'psn_insu_d') }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'psn_insu_d'
),

final as (
    select
        source.psn_insu_rlts_id,
        source.psn_no,
        source.emp_no,
        {{ mapped_code(mapped, 'insutype') }} as insutype,
        {{ mapped_code(mapped, 'psn_type') }} as psn_type,
        {{ mapped_code(mapped, 'psn_insu_stas') }} as psn_insu_stas,
        source.crt_insu_date,
        source.psn_insu_date,
        source.paus_insu_date,
        {{ mapped_code(mapped, 'insutype_retr_flag') }} as insutype_retr_flag,
        source.clct_way,
        {{ mapped_code(mapped, 'hi_type') }} as hi_type,
        source.fst_insu_ym,
        source.insu_admdvs,
        source.poolarea_no,
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
