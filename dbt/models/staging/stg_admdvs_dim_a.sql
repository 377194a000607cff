with source as (
    select * from {{ source('raw', 'admdvs_dim_a') }}
),

superseded as (
    select
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
        not exists (
            select 1 from superseded
            where superseded.load_id = source.load_id and superseded.source_row = source.source_row
        ) as is_current
    from source
)

select * from final
