-- People insured elsewhere and treated here, with the labels of the place of treatment (L71).
with cells as (
    select * from {{ ref('cube_outsider') }}
),

final as (
    select
        cells.province,
        {{ prefecture_of('cells.region_code', 'cells.province', 'places') }} as region_code,
        {{ year_of('cells.settlement_month') }} as year,
        cells.settlement_month,
        cells.origin_province,
        coalesce(schemes.scheme, 'unknown') as scheme,
        coalesce(visit_types.visit_type, 'unknown') as visit_type,
        cells.payment_place,
        cast(sum(cells.visits) as bigint) as visits,
        cast(sum(cells.total_fee_yuan) as decimal(24, 2)) as total_fee_yuan,
        cast(sum(cells.fund_pay_yuan) as decimal(24, 2)) as fund_pay_yuan
    from cells
    left join {{ ref('scheme_map') }} as schemes on cells.scheme_code = schemes.scheme_code
    left join {{ ref('visit_type_label') }} as visit_types
        on
            cells.province = visit_types.province
            and {{ year_of('cells.settlement_month') }} = visit_types.year
            and cells.care_group = visit_types.care_group
            and cells.provider_kind = visit_types.provider_kind
            and cells.is_rescue = visit_types.is_rescue
    {{ join_place('cells.region_code', first_day_of('cells.settlement_month')) }}
    group by all
)

select * from final
