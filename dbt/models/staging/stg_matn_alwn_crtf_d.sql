with source as (
    select * from {{ source('raw', 'matn_alwn_crtf_d') }}
),

superseded as (
    select
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
        nullif(trim(source.emp_no), '') as emp_no,
        source.ym,
        source.matn_alwn_sumamt,
        source.poolarea_no,
        source.opt_time,
        nullif(trim(source.vali_flag), '') as vali_flag,
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
