{%- set measures = [
    'stays', 'bed_days_min1', 'bed_days_plus1', 'total_fee_yuan', 'pool_pay_yuan', 'fund_pay_yuan', 'assistance_pay_yuan',
] %}

with labelled as (
    {{ stay_labels(ref('cube_stay'), measures) }}
),

final as (
    select
        province,
        region_code,
        year,
        month,
        end_year,
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
        disease_payment,
        stay_filing,
        referral,
        {%- for measure in measures %}
        cast(sum({{ measure }}) as {{ 'decimal(24, 2)' if measure.endswith('_yuan') else 'bigint' }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from labelled
    group by
        province, region_code, year, month, end_year, scheme, member_status, hospital_tier, visit_type, travel_class, destination, area,
        payment_place, age_group, benefit_type, disease_payment, stay_filing, referral
)

select * from final
