with filings as (
    select * from {{ ref('fct_filing') }}
),

final as (
    select
        month,
        province,
        insured_region,
        scheme_code,
        travel_class,
        filing_way,
        count(*) as filings
    from filings
    group by month, province, insured_region, scheme_code, travel_class, filing_way
)

select * from final
