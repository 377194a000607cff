with source as (
    select * from {{ source('raw', 'admdvs_dim_a') }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'admdvs_dim_a'
),

final as (
    select
        source.admdvs,
        source.admdvs_name,
        source.prnt_admdvs,
        source.admdvs_lv,
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
