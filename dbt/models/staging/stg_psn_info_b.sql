with source as (
    select * from {{ source('raw', 'psn_info_b') }}
),

superseded as (
    select
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'psn_info_b'
),

final as (
    select
        source.psn_no,
        nullif(trim(source.psn_cert_type), '') as psn_cert_type,
        source.certno,
        nullif(trim(source.gend), '') as gend,
        source.brdy,
        nullif(trim(source.naty), '') as naty,
        nullif(trim(source.resd_natu), '') as resd_natu,
        nullif(trim(source.resd_loc_admdvs), '') as resd_loc_admdvs,
        nullif(trim(source.live_admdvs), '') as live_admdvs,
        nullif(trim(source.surv_stas), '') as surv_stas,
        nullif(trim(source.vali_flag), '') as vali_flag,
        source.rid,
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
