{% set mapped = mapped_codes() %}

with source as (
    select * from {{ source('raw', 'matn_alwn_crtf_d') }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'matn_alwn_crtf_d'
),

final as (
    select
        source.matn_alwn_reg_id,
        source.psn_no,
        source.psn_insu_rlts_id,
        source.emp_no,
        source.ym,
        source.matn_alwn_sumamt,
        source.poolarea_no,
        source.opt_time,
        {{ mapped_code(mapped, 'vali_flag') }} as vali_flag,
        source.crter_id,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        superseded.load_id is null as is_current
    from source
    left join superseded on source.load_id = superseded.load_id and source.source_row = superseded.source_row
)

select * from final
