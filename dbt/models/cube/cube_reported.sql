with reported as (
    select * from {{ ref('fct_reported') }}
),

final as (
    select
        period,
        year,
        province,
        region_code,
        indicator_id,
        measure_kind,
        value,
        unit,
        as_of_date
    from reported
)

select * from final
