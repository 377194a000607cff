{% set mapped = mapped_codes() %}

with source as (
    select * from {{ source('raw', 'fund_ledger_m') }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'fund_ledger_m'
),

final as (
    select
        source.ym,
        source.poolarea_no,
        source.admdvs,
        {{ mapped_code(mapped, 'insutype') }} as insutype,
        {{ mapped_code(mapped, 'fund_type', 'ledger_fund_type') }} as fund_type,
        {{ mapped_code(mapped, 'item_code', 'ledger_item') }} as item_code,
        source.item_name,
        {{ mapped_code(mapped, 'dirc', 'ledger_direction') }} as dirc,
        source.amt,
        {{ mapped_code(mapped, 'unit', 'ledger_unit') }} as unit,
        source.src_doc,
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
