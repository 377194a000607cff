with stays as (
    select * from {{ ref('labelled_stay') }}
    where visit_type = 'inpatient'
),

-- Where the insured of an area were treated as inpatients: at home, in another area, in another province.
final as (
    select
        province,
        year,
        region_code,
        scheme,
        travel_class,
        case when travel_class = 'local' then region_code else destination end as destination_region,
        cast(sum(stays) as bigint) as stays,
        sum(total_fee_yuan) as total_fee_yuan,
        sum(fund_pay_yuan) as fund_pay_yuan
    from stays
    group by
        province, year, region_code, scheme, travel_class, case when travel_class = 'local' then region_code else destination end
)

select * from final
