with ledger as (
    select * from {{ ref('stg_fund_ledger_m') }} where is_current
),

newest as (
    select
        ym,
        poolarea_no,
        insutype,
        fund_type,
        item_code,
        max(as_of) as as_of
    from ledger
    group by ym, poolarea_no, insutype, fund_type, item_code
),

final as (
    select
        cast(ledger.ym as integer) as month,
        ledger.province,
        ledger.poolarea_no as pooling_region,
        ledger.admdvs as region_code,
        ledger.insutype as scheme_code,
        ledger.fund_type,
        ledger.item_code,
        ledger.item_name,
        ledger.dirc as direction,
        cast(ledger.amt * case ledger.unit when '万元' then 10000 else 1 end as decimal(18, 2)) as amount_yuan,
        ledger.unit as delivered_unit,
        ledger.as_of as as_of_date,
        ledger.load_id,
        ledger.source_row
    from ledger
    inner join newest
        on
            ledger.ym = newest.ym
            and ledger.poolarea_no = newest.poolarea_no
            and ledger.insutype = newest.insutype
            and ledger.fund_type = newest.fund_type
            and ledger.item_code = newest.item_code
            and ledger.as_of = newest.as_of
)

select * from final
