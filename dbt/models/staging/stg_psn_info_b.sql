{% set mapped = mapped_codes() %}

with source as (
    select * from {{ source('raw', 'psn_info_b') }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'psn_info_b'
),

final as (
    select
        source.psn_no,
        {{ mapped_code(mapped, 'psn_cert_type') }} as psn_cert_type,
        source.certno,
        {{ mapped_code(mapped, 'gend') }} as gend,
        source.brdy,
        source.naty,
        source.resd_natu,
        source.resd_loc_admdvs,
        source.live_admdvs,
        {{ mapped_code(mapped, 'surv_stas') }} as surv_stas,
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
