with source as (
    select * from {{ source('raw', 'population_ref') }}
),

superseded as (
    select
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'population_ref'
),

final as (
    select
        source.year,
        nullif(trim(source.admdvs), '') as admdvs,
        nullif(trim(source.pop_kind), '') as pop_kind,
        source.persons,
        source.source_doc,
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
