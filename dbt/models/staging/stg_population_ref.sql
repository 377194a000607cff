{% set mapped = mapped_codes() %}

with source as (
    select * from {{ source('raw', 'population_ref') }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'population_ref'
),

final as (
    select
        source.year,
        source.admdvs,
        {{ mapped_code(mapped, 'pop_kind') }} as pop_kind,
        source.persons,
        source.source_doc,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        superseded.load_id is null as is_current
    from source
    left join superseded on source.load_id = superseded.load_id and source.source_row = superseded.source_row
)

select * from final
