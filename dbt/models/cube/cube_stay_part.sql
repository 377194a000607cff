{# The money of settlements that may count in another month than their stay does (L89), by the labels of the settlement cube, by their
   own month and by those of the stay. #}
{#- sqlfluff knows no macro that gives a list, hence the fallback. -#}
{%- set amounts = stay_amounts() or ['total_fee_yuan'] %}
{%- set labels = [
    'province', 'insured_region', 'scheme_code', 'member_status', 'age_group', 'care_type', 'care_group', 'hosp_lv', 'dedc_hosp_lv',
    'lmtpric_hosp_lv', 'registry_hosp_lv', 'travel_class', 'destination_region', 'payment_place',
] %}

with parts as (
    {{ clocked_stay_parts() }}
),

settlements as (
    select * from {{ ref('stay_settlement') }}
),

final as (
    select
        parts.statistics_month,
        parts.stay_month,
        parts.last_month,
        parts.stay_care_group,
        parts.stay_care_type,
        {%- for label in labels %}
        settlements.{{ label }},
        {%- endfor %}
        settlements.serious_illness_pay_yuan <> 0 as has_serious_illness,
        settlements.large_amount_pay_yuan <> 0 as has_large_amount,
        count(*) as row_count,
        count(*) filter (where settlements.family_account_pay_yuan <> 0) as family_account_uses,
        {%- for amount in amounts %}
        cast(sum(settlements.{{ amount }}) as decimal(18, 2)) as {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from parts
    inner join settlements on parts.load_id = settlements.load_id and parts.source_row = settlements.source_row
    where parts.statistics_month <> parts.stay_month or parts.statistics_month <> parts.last_month
    group by
        parts.statistics_month,
        parts.stay_month,
        parts.last_month,
        parts.stay_care_group,
        parts.stay_care_type,
        {%- for label in labels %}
        settlements.{{ label }},
        {%- endfor %}
        settlements.serious_illness_pay_yuan <> 0,
        settlements.large_amount_pay_yuan <> 0
)

{{ as_text('final', ['stay_care_group', 'stay_care_type'] + labels) }}
