with labelled as (
    {{ filing_labels(ref('cube_filing'), ['filings']) }}
),

final as (
    select
        province,
        region_code,
        year,
        scheme,
        travel_class,
        filing_way,
        cast(sum(filings) as bigint) as filings
    from labelled
    group by province, region_code, year, scheme, travel_class, filing_way
)

select * from final
