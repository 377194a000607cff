{% set mapped = mapped_codes() %}

with source as (
    select * from {{ source('raw', 'setl_fund_sbit_d') }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'setl_fund_sbit_d'
),

final as (
    select
        source.setl_id,
        {{ mapped_code(mapped, 'fund_pay_type') }} as fund_pay_type,
        source.fund_payamt,
        source.inscp_scp_amt,
        source.updt_time,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        superseded.load_id is null as is_current
    from source
    left join superseded on source.load_id = superseded.load_id and source.source_row = superseded.source_row
)

select * from final
