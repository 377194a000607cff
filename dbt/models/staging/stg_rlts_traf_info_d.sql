{% set mapped = mapped_codes() %}

with source as (
    select * from {{ source('raw', 'rlts_traf_info_d') }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'rlts_traf_info_d'
),

final as (
    select
        source.rlts_traf_id,
        source.psn_no,
        source.insu_admdvs,
        source.trafin_admdvs,
        source.trafout_admdvs,
        source.traf_dirc,
        source.traf_prot_dirc,
        source.traf_amt,
        source.crte_time,
        {{ mapped_code(mapped, 'vali_flag') }} as vali_flag,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        superseded.load_id is null as is_current
    from source
    left join superseded on source.load_id = superseded.load_id and source.source_row = superseded.source_row
)

select * from final
