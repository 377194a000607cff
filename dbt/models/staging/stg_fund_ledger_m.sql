with source as (
    select * from {{ source('raw', 'fund_ledger_m') }}
),

superseded as (
    select
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'fund_ledger_m'
),

final as (
    select
        source.ym,
        nullif(trim(source.poolarea_no), '') as poolarea_no,
        nullif(trim(source.admdvs), '') as admdvs,
        nullif(trim(source.insutype), '') as insutype,
        source.fund_type,
        source.item_code,
        source.item_name,
        source.dirc,
        source.amt,
        source.unit,
        source.src_doc,
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
