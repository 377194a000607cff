with source as (
    select * from {{ source('raw', 'setl_fund_sbit_d') }}
),

superseded as (
    select
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'setl_fund_sbit_d'
),

final as (
    select
        source.setl_id,
        nullif(trim(source.fund_pay_type), '') as fund_pay_type,
        source.fund_payamt,
        source.inscp_scp_amt,
        source.updt_time,
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
