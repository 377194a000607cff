with source as (
    select * from {{ source('raw', 'adm_return') }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'adm_return'
),

final as (
    select
        source.period,
        source.admdvs,
        source.indicator_id,
        source.value,
        source.unit,
        source.measure_kind,
        source.return_dept,
        source.as_of,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        superseded.load_id is null as is_current
    from source
    left join superseded on source.load_id = superseded.load_id and source.source_row = superseded.source_row
)

select * from final
