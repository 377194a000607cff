{%- set place_labels = [
    'scheme', 'member_status', 'hospital_tier', 'visit_type', 'travel_class', 'destination', 'area', 'payment_place',
    'age_group', 'person_group', 'benefit_type',
] %}
{#- sqlfluff knows no macro that gives a list, hence the fallback. -#}
{%- set payments = ways_of_paying() or [('pool', 'visit_type', 'true')] %}

with clock_choices as (
    {{ choice_of('stat_clock') }}
),

settlements as (
    select
        settlements.*,
        case clock_choices.value
            when 'enddate' then coalesce(settlements.end_month, settlements.settlement_month)
            when 'crte_time' then coalesce(settlements.create_month, settlements.settlement_month)
            else settlements.settlement_month
        end as statistics_month
    from {{ ref('fct_settlement') }} as settlements
    left join clock_choices
        on settlements.province = clock_choices.province and {{ year_of('settlements.settlement_month') }} = clock_choices.year
),

parts as (
    {{ clocked_stay_parts() }}
),

-- L89: settlements whose money counts with their stay, in the month in which it does.
moved_parts as (
    {{ counted_with_stay('parts') }}
),

money as (
    select
        settlements.* exclude (statistics_month),
        coalesce(moved_parts.counted_month, settlements.statistics_month) as statistics_month
    from settlements
    left join moved_parts on settlements.load_id = moved_parts.load_id and settlements.source_row = moved_parts.source_row
),

stays as (
    select
        stays.*,
        {{ month_by_clock('clock_choices.value', 'stays.discharge_month', 'stays.end_month', 'stays.create_month') }} as statistics_month,
        {{ month_by_clock(
            'clock_choices.value', 'stays.last_settlement_month', 'stays.last_end_month', 'stays.last_create_month'
        ) }} as last_month
    from {{ ref('fct_stay') }} as stays
    left join clock_choices
        on stays.province = clock_choices.province and {{ year_of('stays.discharge_month') }} = clock_choices.year
),

labelled_settlements as (
    select
        *,
        {{ person_group_label('scheme', 'member_status') }} as person_group
    from (
        {{ settlement_labels('settlements', ['settlement_kind', 'is_discharge', 'fund_pay_yuan', 'pool_pay_yuan', 'serious_illness_pay_yuan', 'load_id', 'source_row']) }}
    ) as labelled
),

labelled_money as (
    select
        *,
        {{ person_group_label('scheme', 'member_status') }} as person_group
    from (
        {{ settlement_labels('money', ['load_id', 'source_row']) }}
    ) as labelled
),

labelled_stays as (
    select
        *,
        {{ person_group_label('scheme', 'member_status') }} as person_group
    from (
        {{ stay_labels('stays', ['load_id', 'source_row']) }}
    ) as labelled
),

enrolment as (
    select
        *,
        {{ person_group_label('scheme', 'member_status') }} as person_group
    from (
        {{ enrolment_labels(ref('fct_enrolment_date'), ['load_id', 'source_row']) }}
    ) as labelled
),

fund as (
    {{ fund_labels(ref('fct_fund_ledger'), ['load_id', 'source_row']) }}
),

allowance as (
    {{ allowance_labels('(select * from ' ~ ref('fct_maternity_allowance') ~ ' where is_counted)', ['load_id', 'source_row']) }}
),

assistance as (
    {{ assistance_labels(ref('fct_assistance'), 'settlement_month', ['is_first_payment', 'load_id', 'source_row']) }}
),

listed_care as (
    {{ assistance_labels(
        '(select * from ' ~ ref('fct_listed_settlement') ~ " where reversal_class = 'live')",
        'settlement_month', ['load_id', 'source_row'], group='cells.population_group'
    ) }}
),

premium_subsidy as (
    {{ premium_subsidy_labels(ref('fct_premium_subsidy'), ['load_id', 'source_row']) }}
),

population as (
    select * from {{ ref('fct_population') }}
),

listed as (
    {{ listed_labels(ref('fct_listed_person'), ['load_id', 'source_row']) }}
),

drugs as (
    select
        drugs.*,
        {{ month_by_clock('clock_choices.value', 'drugs.settlement_month', 'drugs.end_month', 'drugs.create_month') }} as statistics_month
    from {{ ref('fct_negotiated_drug') }} as drugs
    left join clock_choices
        on drugs.province = clock_choices.province and {{ year_of('drugs.settlement_month') }} = clock_choices.year
),

negotiated_drug as (
    {{ netted_labels('drugs', ['load_id', 'source_row']) }}
),

exams as (
    select
        exams.*,
        {{ month_by_clock('clock_choices.value', 'exams.settlement_month', 'exams.end_month', 'exams.create_month') }} as statistics_month
    from {{ ref('fct_large_exam') }} as exams
    left join clock_choices
        on exams.province = clock_choices.province and {{ year_of('exams.settlement_month') }} = clock_choices.year
),

large_exam as (
    {{ exam_labels('exams', ['load_id', 'source_row']) }}
),

triple as (
    select
        triple.*,
        {{ month_by_clock('clock_choices.value', 'triple.settlement_month', 'triple.end_month', 'triple.create_month') }} as statistics_month
    from {{ ref('fct_triple_protection') }} as triple
    left join clock_choices
        on triple.province = clock_choices.province and {{ year_of('triple.settlement_month') }} = clock_choices.year
),

triple_protection as (
    {{ netted_labels('triple', ['load_id', 'source_row']) }}
),

assisted as (
    select
        assisted.*,
        {{ month_by_clock('clock_choices.value', 'assisted.settlement_month', 'assisted.end_month', 'assisted.create_month') }} as statistics_month
    from {{ ref('fct_assisted_settlement') }} as assisted
    left join clock_choices
        on assisted.province = clock_choices.province and {{ year_of('assisted.settlement_month') }} = clock_choices.year
),

assisted_care as (
    {{ netted_labels('assisted', ['load_id', 'source_row']) }}
),

filing as (
    {{ filing_labels(ref('fct_filing'), ['load_id', 'source_row']) }}
),

paid as (
    select
        *,
        {{ year_of('payment_month') }} as year
    from {{ ref('fct_payment') }}
    where is_paid
),

payment as (
    {{ payment_labels('paid', ['load_id', 'source_row']) }}
),

told as (
    select distinct
        province,
        year,
        reported_indicator,
        is_returned
    from {{ ref('labelled_told') }}
),

networked as (
    select
        institutions.*,
        network_items.item as reported_indicator
    from (
        {{ network_labels(ref('institution_year'), ['load_id', 'source_row']) }}
    ) as institutions
    inner join (
        {{ network_items() }}
    ) as network_items on institutions.provider_kind = network_items.provider_kind
    where {{ is_networked('network_items.item', 'institutions.network') }}
),

-- Where an extract tells, its rows; else the return.
told_rows as (
    select
        networked.province,
        networked.region_code,
        networked.year,
        networked.reported_indicator,
        networked.load_id,
        networked.source_row
    from networked
    union all
    select
        province,
        region_code,
        year,
        'prepayment_amount' as reported_indicator,
        load_id,
        source_row
    from payment
    where payment_kind = 'advance'
),

reported as (
    select
        returns.*,
        returns.indicator_id as reported_indicator,
        coalesce(items.scheme, 'none') as scheme
    from {{ ref('fct_reported') }} as returns
    left join {{ ref('returned_item') }} as items on returns.indicator_id = items.item_id
),

final as (
    {{ trace_rows('settlement', 'setl_d', 'labelled_money', place_labels + ['two_disease']) }}
    union all
    {{ trace_rows('visit', 'setl_d', 'labelled_settlements', place_labels,
        "visit_type not in ('inpatient', 'maternity_inpatient', 'home_bed') and settlement_kind <> 'supplementary' and visit_weight <> 0", month='month') }}
    union all
    {{ trace_rows('visit', 'setl_d', 'labelled_settlements', place_labels,
        "visit_type in ('inpatient', 'maternity_inpatient', 'home_bed') and is_discharge and stay_weight <> 0", month='month') }}
    union all
    {{ trace_rows('visit', 'setl_d', 'labelled_stays', place_labels, month='month') }}
    union all
    {{ trace_rows('stay', 'setl_d', 'labelled_stays', place_labels + ['disease_payment', 'stay_filing', 'referral']) }}
    union all
    {{ trace_rows('stay_end', 'setl_d', 'labelled_stays', place_labels + ['disease_payment', 'stay_filing', 'referral'], year='end_year') }}
    union all
    {{ trace_rows('enrolment', 'psn_insu_d', 'enrolment', [
        'scheme', 'member_status', 'age_group', 'sex', 'employer_group', 'fund_mode', 'resident_group',
    'household', 'premium_subsidy', 'person_group',
    ]) }}
    union all
    {{ trace_rows('fund', 'fund_ledger_m', 'fund', ['scheme', 'fund_type', 'direction', 'fund_item', 'care_pilot']) }}
    union all
    {{ trace_rows('maternity_allowance', 'matn_alwn_crtf_d', 'allowance', ['benefit_type']) }}
    union all
    {{ trace_rows('assistance', 'setl_d', 'assistance', ['scheme', 'care_setting', 'population_group']) }}
    {%- for paid_by, breakdown, condition in payments %}
    union all
    {{ trace_rows('person', 'setl_d', "(select *, '" ~ paid_by ~ "' as paid_by from labelled_settlements) as persons_paid",
        ['scheme', 'visit_type', 'paid_by', 'two_disease'], 'stands and ' ~ condition) }}
    {%- endfor %}
    union all
    {{ trace_rows('premium_subsidy', 'rsdt_psn_clct_detl_d', 'premium_subsidy', ['subsidy_source', 'population_group']) }}
    union all
    {{ trace_rows('population', 'population_ref', 'population', ['population_kind']) }}
    union all
    {{ trace_rows('reported', 'adm_return', 'reported', ['scheme', 'reported_indicator']) }}
    union all
    {{ trace_rows('told', 'adm_return', '(select reported.* from reported semi join told on reported.province = told.province '
        ~ 'and reported.year = told.year and reported.reported_indicator = told.reported_indicator and told.is_returned) as returns',
        ['reported_indicator']) }}
    union all
    {{ trace_rows('told', 'fixmedins_b', '(select told_rows.* from told_rows semi join told on told_rows.province = told.province '
        ~ 'and told_rows.year = told.year and told_rows.reported_indicator = told.reported_indicator and not told.is_returned) as rows_told',
        ['reported_indicator']) }}
    union all
    {{ trace_rows('filing', 'out_appy_d', 'filing', ['scheme', 'travel_class', 'filing_way']) }}
    union all
    {{ trace_rows('listed', 'psn_idet_info_b', 'listed', ['population_group', 'list_cover']) }}
    union all
    {{ trace_rows('negotiated_drug', 'fee_list_d', 'negotiated_drug', ['scheme']) }}
    union all
    {{ trace_rows('large_exam', 'setl_d', 'large_exam', ['scheme']) }}
    union all
    {{ trace_rows('triple_protection', 'setl_d', 'triple_protection', ['scheme']) }}
    union all
    {{ trace_rows('assisted_care', 'setl_d', 'assisted_care', ['scheme']) }}
    union all
    {{ trace_rows('listed_care', 'setl_d', 'listed_care', ['scheme', 'care_setting', 'population_group']) }}
    union all
    {{ trace_rows('payment', 'med_dfr_d', 'payment', ['payment_kind']) }}
)

select * from final
