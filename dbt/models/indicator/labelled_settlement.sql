{%- set amounts = [
    'total_fee_yuan', 'full_own_pay_yuan', 'in_scope_fee_yuan', 'pool_pay_yuan', 'fund_pay_yuan', 'assistance_pay_yuan',
    'deductible_yuan', 'account_pay_yuan', 'family_account_pay_yuan', 'cash_pay_yuan', 'serious_illness_pay_yuan',
] %}

with labelled as (
    {{ settlement_labels(ref('settlement_cell'), ['row_count', 'visit_count', 'discharge_count', 'family_account_uses'] + amounts) }}
),

final as (
    select
        province,
        region_code,
        year,
        month,
        scheme,
        member_status,
        hospital_tier,
        visit_type,
        travel_class,
        destination,
        area,
        payment_place,
        age_group,
        {{ person_group_label('scheme', 'member_status') }} as person_group,
        benefit_type,
        two_disease,
        -- L12: visits of a kind that is counted in stays never come from settlement rows, but for those that no stay is made
        -- of any more and the ledger has booked (L36).
        cast(sum(
            case
                when visit_type in ('inpatient', 'maternity_inpatient', 'home_bed') then discharge_count * stay_weight
                else visit_count * visit_weight
            end
        ) as bigint) as visits,
        cast(sum(row_count * money_weight) as bigint) as row_count,
        cast(sum(family_account_uses * visit_weight) as bigint) as family_account_uses,
        {%- for amount in amounts %}
        cast(sum({{ amount }} * money_weight) as decimal(24, 2)) as {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from labelled
    group by
        province, region_code, year, month, scheme, member_status, hospital_tier, visit_type, travel_class, destination, area,
        payment_place, age_group, benefit_type, two_disease
)

select * from final
