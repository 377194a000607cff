with source as (
    select * from {{ source('raw', 'adm_return') }}
),

superseded as (
    select
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'adm_return'
),

final as (
    select
        source.period,
        nullif(trim(source.admdvs), '') as admdvs,
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
        not exists (
            select 1 from superseded
            where superseded.load_id = source.load_id and superseded.source_row = source.source_row
        ) as is_current
    from source
)

select * from final
