{# The cells of the settlement cube in the months in which their money counts: of a stay's settlements that is their own month or, where
   the definition says so, that of the stay (L89). Visits stay where they are. #}
{#- sqlfluff knows no macro that gives a list, hence the fallback. -#}
{%- set amounts = stay_amounts() or ['total_fee_yuan'] %}
{%- set labels = [
    'province', 'insured_region', 'scheme_code', 'member_status', 'age_group', 'care_type', 'care_group', 'hosp_lv', 'dedc_hosp_lv',
    'lmtpric_hosp_lv', 'registry_hosp_lv', 'travel_class', 'destination_region', 'payment_place',
] %}

with parts as (
    select * from {{ ref('cube_stay_part') }}
),

moved as (
    {{ counted_with_stay('parts') }}
),

-- Taken out of one month and put into the other. They stand, or they would be of no stay.
moved_both_ways as (
    select
        moved.*,
        moved.statistics_month as month,
        -1 as sign
    from moved
    union all
    select
        moved.*,
        moved.counted_month as month,
        1 as sign
    from moved
),

final as (
    select
        statistics_month,
        {%- for label in labels %}
        {{ label }},
        {%- endfor %}
        provider_kind,
        two_disease,
        reversal_class,
        has_serious_illness,
        has_large_amount,
        row_count,
        visit_count,
        discharge_count,
        family_account_uses,
        {%- for amount in amounts %}
        {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('cube_settlement') }}
    union all
    select
        month as statistics_month,
        {%- for label in labels %}
        {{ label }},
        {%- endfor %}
        'hospital' as provider_kind,
        'none' as two_disease,
        'live' as reversal_class,
        has_serious_illness,
        has_large_amount,
        sign * row_count as row_count,
        0 as visit_count,
        0 as discharge_count,
        sign * family_account_uses as family_account_uses,
        {%- for amount in amounts %}
        sign * {{ amount }} as {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from moved_both_ways
)

select * from final
