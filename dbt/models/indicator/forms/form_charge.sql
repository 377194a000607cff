{#- Classes of expense of stays, by the labels of the other money. -#}
{%- set amounts = [
    'drug_inside_yuan', 'drug_outside_yuan', 'item_inside_yuan', 'item_outside_yuan', 'facility_inside_yuan', 'facility_outside_yuan',
] %}

with clock_choices as (
    {{ choice_of('stat_clock') }}
),

cells as (
    select
        cube.*,
        'hospital' as provider_kind,
        'none' as two_disease,
        {{ month_by_clock('clock_choices.value', 'cube.settlement_month', 'cube.end_month', 'cube.create_month') }} as statistics_month
    from {{ ref('cube_charge_class') }} as cube
    left join clock_choices
        on cube.province = clock_choices.province and {{ year_of('cube.settlement_month') }} = clock_choices.year
),

labelled as (
    {{ settlement_labels('cells', amounts) }}
),

-- L90: many places deliver lines of some months or some hospitals only. A year in which those of a month make less than nine tenths of
-- its inpatient expense says nothing.
covered as (
    select
        province,
        month,
        sum(({{ amounts | join(' + ') }}) * money_weight) as covered_yuan
    from labelled
    where visit_type = 'inpatient'
    group by province, month
),

expenses as (
    select
        province,
        year,
        month,
        sum(total_fee_yuan) as expense_yuan
    from {{ ref('labelled_settlement') }}
    where visit_type = 'inpatient'
    group by province, year, month
),

gaps as (
    select distinct
        expenses.province,
        expenses.year
    from expenses
    left join covered on expenses.province = covered.province and expenses.month = covered.month
    where coalesce(covered.covered_yuan, 0) < 0.9 * expenses.expense_yuan
),

final as (
    select
        labelled.province,
        labelled.region_code,
        labelled.year,
        labelled.month,
        labelled.scheme,
        labelled.member_status,
        labelled.hospital_tier,
        labelled.visit_type,
        labelled.age_group,
        {%- for amount in amounts %}
        cast(sum(labelled.{{ amount }} * labelled.money_weight) as decimal(24, 2)) as {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from labelled
    left join gaps on labelled.province = gaps.province and labelled.year = gaps.year
    where gaps.year is null
    group by all
)

select * from final
