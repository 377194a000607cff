-- People insured elsewhere and treated here, with the labels of the place of treatment (L71, L86).
with cells as (
    select
        cube.*,
        choices.year,
        {{ tier_code('cube', 'choices') }} as tier_code
    from {{ ref('cube_outsider') }} as cube
    left join {{ ref('label_choice') }} as choices
        on cube.province = choices.province and {{ year_of('cube.settlement_month') }} = choices.year
),

labelled as (
    select
        cells.*,
        {{ prefecture_of('cells.region_code', 'cells.province', 'places') }} as place_code,
        {{ year_of('cells.settlement_month') }} as settlement_year,
        coalesce(schemes.scheme, 'unknown') as scheme,
        coalesce(tiers.hospital_tier, 'unknown') as hospital_tier,
        coalesce(visit_types.visit_type, 'unknown') as visit_type,
        case
            when cells.payment_place in ('2', '3', '4') then 'direct'
            when cells.payment_place = '1' then 'manual'
            else 'unknown'
        end as settlement_way
    from cells
    left join {{ ref('scheme_map') }} as schemes on cells.scheme_code = schemes.scheme_code
    left join {{ ref('visit_type_label') }} as visit_types
        on
            cells.province = visit_types.province
            and cells.year = visit_types.year
            and cells.care_group = visit_types.care_group
            and cells.provider_kind = visit_types.provider_kind
            and cells.is_rescue = visit_types.is_rescue
    left join {{ ref('tier_label') }} as tiers
        on
            cells.province = tiers.province
            and cells.year = tiers.year
            and cells.tier_code = tiers.tier_code
    {{ join_place('cells.region_code', first_day_of('cells.settlement_month')) }}
),

final as (
    select
        province,
        place_code as region_code,
        settlement_year as year,
        settlement_month,
        origin_province,
        scheme,
        hospital_tier,
        visit_type,
        payment_place,
        settlement_way,
        -- As of our own insured: kinds of care that are counted in stays by stays, all others by settlements.
        cast(sum(
            case when visit_type in ('inpatient', 'maternity_inpatient', 'home_bed') then stay_count else visit_count end
        ) as bigint) as visits,
        cast(sum(row_count) as bigint) as row_count,
        cast(sum(total_fee_yuan) as decimal(24, 2)) as total_fee_yuan,
        cast(sum(fund_pay_yuan) as decimal(24, 2)) as fund_pay_yuan
    from labelled
    group by all
)

select * from final
