with cells as (
    select * from {{ ref('cube_assistance') }}
),

schemes as (
    select * from {{ ref('scheme_map') }}
),

regions as (
    select * from {{ ref('dim_region') }}
),

placed as (
    select
        cells.province,
        {{ prefecture_of('cells.insured_region', 'cells.province', 'places') }} as region_code,
        {{ year_of('cells.month') }} as year,
        coalesce(schemes.scheme, 'unknown') as scheme,
        -- L11: everything that is not inpatient care in a hospital is outpatient.
        case
            when cells.care_group in ('inpatient', 'maternity_inpatient') and cells.provider_kind <> 'pharmacy' then 'inpatient'
            else 'outpatient'
        end as care_setting,
        cells.encounters,
        cells.payments,
        cells.assistance_pay_yuan
    from cells
    left join schemes on cells.scheme_code = schemes.scheme_code
    left join regions as places
        on
            cells.insured_region = places.region_code
            and {{ first_day_of('cells.month') }} between places.lookup_from and places.lookup_to
),

final as (
    select
        province,
        region_code,
        year,
        scheme,
        care_setting,
        cast(sum(encounters) as bigint) as encounters,
        cast(sum(payments) as bigint) as payments,
        cast(sum(assistance_pay_yuan) as decimal(24, 2)) as assistance_pay_yuan
    from placed
    group by province, region_code, year, scheme, care_setting
)

select * from final
