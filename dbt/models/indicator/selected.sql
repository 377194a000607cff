{%- set place_labels = [
    'scheme', 'member_status', 'hospital_tier', 'visit_type', 'travel_class', 'destination', 'area', 'payment_place',
    'person_group',
] %}
{%- set visit_labels = place_labels + ['age_group', 'benefit_type'] %}
{%- set settlement_labels = place_labels + ['two_disease'] %}
{%- set stay_labels = place_labels + ['benefit_type', 'disease_payment', 'stay_filing', 'referral'] %}
{%- set amounts = [
    'total_fee_yuan', 'full_own_pay_yuan', 'in_scope_fee_yuan', 'pool_pay_yuan', 'fund_pay_yuan', 'assistance_pay_yuan',
    'account_pay_yuan', 'family_account_pay_yuan', 'cash_pay_yuan', 'serious_illness_pay_yuan',
] %}
{#- sqlfluff knows no macro that gives a list, hence the fallback. -#}
{%- set settlement_measures = (pairs_of(amounts) or []) + [
    ('settled_visits', 'visits'), ('family_account_uses', 'family_account_uses'),
] %}
{%- set stay_measures = [
    ('stays', 'stays'), ('bed_days_min1', 'bed_days_min1'), ('bed_days_plus1', 'bed_days_plus1'),
    ('stay_total_fee_yuan', 'total_fee_yuan'), ('stay_pool_pay_yuan', 'pool_pay_yuan'),
    ('stay_fund_pay_yuan', 'fund_pay_yuan'), ('stay_assistance_pay_yuan', 'assistance_pay_yuan'),
] %}
{%- set payment_measures = [
    'paid_yuan', 'claim_payments', 'claim_working_days', 'month_end_payments', 'month_end_working_days',
] %}
{%- set negotiated_measures = [
    ('negotiated_lines', 'lines'), ('negotiated_drug_settlements', 'drug_settlements'), ('negotiated_settlements', 'settlements'),
] %}
{%- set exam_measures = [('large_exam_yuan', 'exam_fee_yuan'), ('repeated_exam_yuan', 'repeated_fee_yuan')] %}
{%- set triple_measures = [('triple_visits', 'visits'), ('triple_relief_yuan', 'relief_yuan')] %}
{%- set assisted_measures = [('assisted_visits', 'visits'), ('assisted_relief_yuan', 'relief_yuan')] %}
{%- set listed_measures = [('listed_visits', 'visits'), ('listed_assistance_yuan', 'assistance_pay_yuan')] %}

with selections as (
    select * from {{ source('dictionary', 'selection') }}
),

breakdowns as (
    select * from {{ source('dictionary', 'selection_breakdown') }}
),

{{ added_cells('settlement', ref('labelled_settlement'), settlement_labels, settlement_measures, 'row_count') }},

{{ added_cells('stay', ref('labelled_stay'), stay_labels, stay_measures, 'stays') }},

{{ added_cells('stay_end', ref('labelled_stay'), stay_labels,
    [('ended_stays', 'stays'), ('ended_stay_fee_yuan', 'total_fee_yuan')], 'stays', year='end_year') }},

visits as (
    select
        province,
        region_code,
        year,
        month,
        {{ visit_labels | join(', ') }},
        visits
    from {{ ref('labelled_settlement') }}
    where visits <> 0
    union all
    select
        province,
        region_code,
        year,
        month,
        {{ visit_labels | join(', ') }},
        stays as visits
    from {{ ref('labelled_stay') }}
),

{{ added_cells('visit', 'visits', visit_labels, [('visits', 'visits')], 'visits') }},

{{ added_cells('visit_month', 'visits', ['scheme', 'visit_type'], [('visits', 'visits')], 'visits',
    cube='visit', breakdown='month') }},

{{ added_cells('enrolment', ref('labelled_enrolment'),
    ['scheme', 'member_status', 'age_group', 'sex', 'employer_group', 'fund_mode', 'resident_group',
    'household', 'premium_subsidy', 'person_group'],
    [('persons', 'persons')], 'persons') }},

{{ added_cells('fund', ref('labelled_fund'), ['scheme', 'fund_type', 'direction', 'fund_item', 'care_pilot'],
    pairs_of(['fund_amount_yuan', 'closing_balance_yuan']), 'null') }},

{{ added_cells('maternity_allowance', ref('labelled_allowance'), ['benefit_type'],
    [('allowance_payments', 'payments')], 'payments') }},

{{ added_cells('assistance', ref('labelled_assistance'), ['scheme', 'care_setting', 'population_group'],
    [('assistance_encounters', 'encounters'), ('assistance_payments', 'payments'), ('assistance_paid_yuan', 'assistance_pay_yuan')],
    'encounters') }},

{{ added_cells('filing', ref('labelled_filing'), ['scheme', 'travel_class', 'filing_way'], [('filings', 'filings')], 'filings') }},

{{ added_cells('listed', ref('labelled_listed'), ['population_group', 'list_cover'], [('listed_persons', 'persons')], 'persons') }},

{{ added_cells('negotiated_drug', ref('labelled_negotiated_drug'), ['scheme'], negotiated_measures, 'settlements') }},

{{ added_cells('large_exam', ref('labelled_large_exam'), ['scheme'], exam_measures, 'exams') }},

{{ added_cells('triple_protection', ref('labelled_triple_protection'), ['scheme'], triple_measures, 'visits') }},

{{ added_cells('assisted_care', ref('labelled_assisted_care'), ['scheme'], assisted_measures, 'visits') }},

{{ added_cells('listed_care', ref('labelled_listed_care'), ['scheme', 'care_setting', 'population_group'],
    listed_measures, 'visits') }},

{{ added_cells('payment', ref('labelled_payment'), ['payment_kind'], pairs_of(payment_measures), 'null') }},

{{ added_cells('told', ref('labelled_told'), ['reported_indicator'], [('told_amount', 'amount')], 'null') }},

{{ added_cells('premium_subsidy', ref('labelled_premium_subsidy'), ['subsidy_source', 'population_group'],
    [('subsidised_persons', 'persons')], 'persons') }},

{{ added_cells('population', ref('labelled_given'), ['population_kind'], [('population_persons', 'amount')], 'null') }},

{{ added_cells('reported', ref('labelled_given'), ['scheme', 'reported_indicator'], [('reported_value', 'amount')], 'null') }},

long as (
    {{ measure_rows('settlement_added', settlement_measures) }}
    union all
    {{ measure_rows('stay_added', stay_measures) }}
    union all
    {{ measure_rows('stay_end_added', [('ended_stays', 'stays'), ('ended_stay_fee_yuan', 'total_fee_yuan')]) }}
    union all
    {{ measure_rows('visit_added', [('visits', 'visits')]) }}
    union all
    {{ measure_rows('visit_month_added', [('visits', 'visits')]) }}
    union all
    {{ measure_rows('enrolment_added', [('persons', 'persons')]) }}
    union all
    {{ measure_rows('fund_added', pairs_of(['fund_amount_yuan', 'closing_balance_yuan'])) }}
    union all
    {{ measure_rows('maternity_allowance_added', [('allowance_payments', 'payments')]) }}
    union all
    {{ measure_rows('assistance_added', [('assistance_encounters', 'encounters'), ('assistance_payments', 'payments'), ('assistance_paid_yuan', 'assistance_pay_yuan')]) }}
    union all
    {{ measure_rows('filing_added', [('filings', 'filings')]) }}
    union all
    {{ measure_rows('listed_added', [('listed_persons', 'persons')]) }}
    union all
    {{ measure_rows('negotiated_drug_added', negotiated_measures) }}
    union all
    {{ measure_rows('large_exam_added', exam_measures) }}
    union all
    {{ measure_rows('triple_protection_added', triple_measures) }}
    union all
    {{ measure_rows('assisted_care_added', assisted_measures) }}
    union all
    {{ measure_rows('listed_care_added', listed_measures) }}
    union all
    {{ measure_rows('payment_added', pairs_of(payment_measures)) }}
    union all
    {{ measure_rows('premium_subsidy_added', [('subsidised_persons', 'persons')]) }}
),

-- Persons do not add up: every breakdown and every place is counted by itself, and here only looked up.
person_chosen as (
    select
        selections.selection_id,
        cells.breakdown,
        cells.member,
        'benefit_persons' as measure,
        cells.province,
        cells.region_code,
        cells.year,
        cast(cells.persons as decimal(28, 2)) as amount,
        cells.persons as units
    from {{ ref('beneficiary') }} as cells
    inner join selections
        on selections.cube = 'person' and cells.scheme = selections.scheme and cells.paid_by = selections.paid_by
    inner join breakdowns on selections.selection_id = breakdowns.selection_id and cells.breakdown = breakdowns.breakdown
),

-- A population and a return are given for each region, the province among them; their parts are never added.
given as (
    {{ measure_rows('population_added', [('population_persons', 'amount')]) }}
    union all
    {{ measure_rows('reported_added', [('reported_value', 'amount')]) }}
    union all
    {{ measure_rows('told_added', [('told_amount', 'amount')]) }}
),

-- The province is the sum of its prefecture-level regions, and of what is kept for the province as a whole.
final as (
    select * from long
    where region_code <> province
    union all
    select
        selection_id,
        breakdown,
        member,
        measure,
        province,
        province as region_code,
        year,
        cast(sum(amount) as decimal(28, 2)) as amount,
        cast(sum(units) as bigint) as units
    from long
    group by selection_id, breakdown, member, measure, province, year
    union all
    select * from given
    union all
    select * from person_chosen
)

select * from final
