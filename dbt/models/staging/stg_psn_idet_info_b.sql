with source as (
    select * from {{ source('raw', 'psn_idet_info_b') }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'psn_idet_info_b'
),

final as (
    select
        source.idet_id,
        source.psn_no,
        source.certno,
        source.psn_idet_type,
        source.rurl_flag,
        source.admdvs,
        source.idet_dept,
        source.begntime,
        source.endtime,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        superseded.load_id is null as is_current
    from source
    left join superseded on source.load_id = superseded.load_id and source.source_row = superseded.source_row
)

select * from final
