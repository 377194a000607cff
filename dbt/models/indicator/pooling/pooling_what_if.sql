with cells as (
    select * from {{ ref('indicator_value') }}
    where
        period_kind = 'year' and breakdown = 'hospital_tier' and region_level = 'prefecture' and status <> 'not_computable'
        and indicator_id in ('employee_inpatient_catalog_pay_ratio', 'resident_inpatient_catalog_pay_ratio')
),

wholes as (
    select
        left(region_code, 2) || '0000' as province,
        year,
        scheme,
        hospital_tier,
        sum(numerator) as fund_yuan,
        sum(denominator) as catalogue_yuan
    from cells
    group by left(region_code, 2) || '0000', year, scheme, hospital_tier
    having sum(denominator) > 0
),

-- The one question asked: every area pays the province's ratio of the tier on its own in-catalogue cost. What some areas
-- pay more the others pay less, so the effects of a tier add up to nothing.
final as (
    select
        wholes.province,
        cells.year,
        cells.region_code,
        cells.scheme,
        cells.hospital_tier,
        cells.denominator as catalogue_yuan,
        cells.numerator as fund_yuan,
        100 * cast(cells.numerator as double) / nullif(cast(cells.denominator as double), 0) as own_ratio,
        100 * cast(wholes.fund_yuan as double) / cast(wholes.catalogue_yuan as double) as province_ratio,
        cast(cells.denominator as double) * cast(wholes.fund_yuan as double) / cast(wholes.catalogue_yuan as double)
        - cast(cells.numerator as double) as effect_yuan
    from cells
    inner join wholes
        on
            left(cells.region_code, 2) || '0000' = wholes.province
            and cells.year = wholes.year
            and cells.scheme = wholes.scheme
            and cells.hospital_tier = wholes.hospital_tier
)

select * from final
