{% set mapped = mapped_codes() %}

with source as (
    select * from {{ source('raw', 'med_dfr_d') }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'med_dfr_d'
),

final as (
    select
        source.dfr_id,
        source.admdvs,
        source.cashym,
        {{ mapped_code(mapped, 'dfr_notc_type') }} as dfr_notc_type,
        source.dfr_obj,
        source.dfr_obj_code,
        source.dfr_sumamt,
        source.dfr_souc,
        source.docno,
        source.fin_dspo_flag,
        source.fin_acen_time,
        source.setlym,
        source.appy_time,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        superseded.load_id is null as is_current
    from source
    left join superseded on source.load_id = superseded.load_id and source.source_row = superseded.source_row
)

select * from final
