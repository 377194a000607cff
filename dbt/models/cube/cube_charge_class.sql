{# Charge lines of stays by class of expense, inside and outside the catalogue (L90). Sums of lines add up over whatever cells, so lines
   meet the settlements of stays at once and are never added up by settlement: of a province's two billion lines a fifteenth is kept. By
   settlement month like the fact, and again where only lines have changed. #}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{% if is_incremental() %}{{ delete_months(touched_source_months()) }}{% endif %}",
) }}
-- depends_on: {{ source('ops', 'touched_month') }}
-- depends_on: {{ source('ops', 'touched_source_month') }}
{%- set months = touched_source_months() if is_incremental() else [] %}
{%- set labels = [
    'settlement_month', 'end_month', 'create_month', 'province', 'insured_region', 'scheme_code', 'member_status', 'age_group',
    'care_type', 'care_group', 'hosp_lv', 'dedc_hosp_lv', 'lmtpric_hosp_lv', 'registry_hosp_lv', 'travel_class', 'destination_region',
    'payment_place', 'reversal_class',
] %}

with settlements as (
    select
        settlement_id,
        {%- for label in labels %}
        {{ label }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stay_settlement') }}
    {% if is_incremental() -%}
    where {{ month_in('settlement_month', months) }}
    {%- endif %}
),

drugs as (
    select code from {{ ref('code_set') }}
    where set_name = 'list_type' and rollup = 'drug'
),

-- L90: a bed is a facility, what is no drug and no bed is an item, materials among them; outside the catalogue is what the person pays
-- wholly.
lines as (
    select
        lines.setl_id,
        case
            when drugs.code is not null then 'drug'
            when lines.med_chrgitm_type = '01' then 'facility'
            else 'item'
        end as charge_class,
        lines.det_item_fee_sumamt - coalesce(lines.fulamt_ownpay_amt, 0) as inside_yuan,
        coalesce(lines.fulamt_ownpay_amt, 0) as outside_yuan
    from {{ ref('stg_fee_list_d') }} as lines
    left join drugs on lines.list_type = drugs.code
    where lines.is_current and lines.vali_flag = '1' and lines.setl_id is not null
),

final as (
    select
        {%- for label in labels %}
        settlements.{{ label }},
        {%- endfor %}
        count(*) as lines,
        {%- for kind in ['drug', 'item', 'facility'] %}
        {%- for side in ['inside', 'outside'] %}
        cast(coalesce(sum(lines.{{ side }}_yuan) filter (where lines.charge_class = '{{ kind }}'), 0) as decimal(18, 2)) as {{ kind }}_{{ side }}_yuan{{ ',' if kind ~ side != 'facilityoutside' }}
        {%- endfor %}
        {%- endfor %}
    from lines
    inner join settlements on lines.setl_id = settlements.settlement_id
    group by
        {%- for label in labels %}
        settlements.{{ label }}{{ ',' if not loop.last }}
        {%- endfor %}
)

{{ as_text('final', labels[3:]) }}
