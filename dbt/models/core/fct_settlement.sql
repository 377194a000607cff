{# On an increment whole months are taken out and written again in one transaction. Months that became due for another
   reason than a delivery are first noted in ops.touched_month, so that everything above rebuilds them too, in this run or,
   after a kill, in the next. #}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=[
        "{% if is_incremental() %}insert into {{ source('ops', 'touched_month') }} (settlement_month) select distinct settlement_month from {{ ref('settlement_rebuild') }} where settlement_month not in (select settlement_month from {{ source('ops', 'touched_month') }}){% endif %}",
        "{{ widen_codes('fct_settlement') }}",
        "{% if is_incremental() %}{{ delete_months(months_of('select settlement_month from ' ~ ref('settlement_rebuild'))) }}{% endif %}",
    ],
) }}

-- depends_on: {{ ref('settlement_rebuild') }}
{%- set months = months_of('select settlement_month from ' ~ ref('settlement_rebuild')) if is_incremental() else [] %}
{#- sqlfluff knows no macro that gives a list, hence the fallback. -#}
{%- set amounts = settlement_amounts() or [('total_fee_yuan', 'medfee_sumamt')] %}

with settlements as {{ read_by_each() }} (
    select * from {{ ref('stg_setl_d') }}
    where
        is_current
        {% if is_incremental() -%}
        and {{ time_in_months('setl_time', months) }}
        {%- endif %}
),

link as (
    select * from {{ ref('settlement_link') }}
),

-- Places and grades become enumerations here, some hundred times, and not once a settlement.
regions as (
    select
        region_code,
        {{ as_code('prefecture_code', 'region') }} as prefecture_code,
        lookup_from,
        lookup_to
    from {{ ref('dim_region') }}
),

institutions as (
    select
        institution_code,
        provider_kind,
        {{ as_code('hosp_lv', 'grade') }} as hosp_lv,
        {{ as_code('lmtpric_hosp_lv', 'grade') }} as lmtpric_hosp_lv,
        valid_from,
        valid_to
    from {{ ref('dim_institution') }}
),

codes as (
    select * from {{ ref('code_set') }}
    where scope <> 'local pattern'
),

provincial_care_types as (
    select * from {{ source('ops', 'care_type_map') }}
),

two_diseases as (
    select * from {{ source('ops', 'two_disease_map') }}
),

-- What follows from codes alone is worked out once for each combination of them that occurs, some hundred, and not once a
-- settlement: to read five columns a second time costs less than to join six small tables to every wide row (decision 0005).
code_combinations as (
    select distinct
        province,
        med_type,
        dise_no,
        clr_way,
        psn_type
    from settlements
),

code_labels as (
    select
        combinations.*,
        coalesce(combinations.med_type, 'unknown') as care_type,
        coalesce(provincial_care_types.care_group, nullif(care_types.rollup, 'by_province'), 'unknown') as care_group,
        -- L49: which of the two diseases an outpatient drug benefit was for.
        case
            when coalesce(provincial_care_types.care_group, care_types.rollup) = 'chronic_outpatient'
                then coalesce(diseases.two_disease, disease_care_types.two_disease, 'none')
            else 'none'
        end as two_disease,
        coalesce(clearing_methods.rollup, 'unknown') as clearing_method,
        case
            when person_types.rollup = '11' then 'active'
            when person_types.rollup in ('12', '13') then 'retired'
            when person_types.rollup in ('14', '15', '16') then 'none'
            else 'unknown'
        end as member_status
    from code_combinations as combinations
    left join codes as care_types on care_types.set_name = 'med_type' and combinations.med_type = care_types.code
    left join provincial_care_types
        on combinations.province = provincial_care_types.province and combinations.med_type = provincial_care_types.code
    left join two_diseases as diseases
        on combinations.province = diseases.province and combinations.dise_no = diseases.code
    left join two_diseases as disease_care_types
        on combinations.province = disease_care_types.province and combinations.med_type = disease_care_types.code
    left join codes as clearing_methods
        on clearing_methods.set_name = 'clr_way' and combinations.clr_way = clearing_methods.code
    left join codes as person_types on person_types.set_name = 'psn_type' and combinations.psn_type = person_types.code
),

labels as (
    {{ as_codes('code_labels', 'code_labels') }}
),

-- The same quantity under core's names; places and months worked out once a row.
named as (
    select
        settlements.*,
        cast(settlements.setl_time as date) as settlement_date,
        {{ month_number('settlements.setl_time') }} as settlement_month,
        least(settlements.enddate, cast(settlements.setl_time as date)) as registry_date,
        -- L5: the place of treatment as given, else out of the institution's code.
        coalesce(
            case when length(settlements.fix_blng_admdvs) = 6 then settlements.fix_blng_admdvs end,
            case when try_cast(substr(settlements.fixmedins_code, 2, 6) as integer) > 110000 then substr(settlements.fixmedins_code, 2, 6) end
        ) as treatment_region
    from settlements
),

joined as (
    select
        named.*,
        coalesce(
            case left(named.fixmedins_code, 1) when 'H' then 'hospital' when 'P' then 'pharmacy' end,
            institutions.provider_kind,
            'unknown'
        ) as provider_kind,
        labels.care_type,
        labels.care_group,
        labels.two_disease,
        labels.clearing_method,
        labels.member_status,
        institutions.hosp_lv as registry_hosp_lv,
        institutions.lmtpric_hosp_lv as registry_lmtpric_hosp_lv,
        insured_places.prefecture_code as insured_prefecture,
        treatment_places.prefecture_code as treatment_prefecture,
        case
            when not coalesce(named.vali_flag = '1', false) then 'invalid'
            else coalesce(link.reversal_class, 'live')
        end as reversal_class,
        case
            when named.setl_type = '3' then 'supplementary'
            when named.mid_setl_flag = '1' then 'interim'
            else 'normal'
        end as settlement_kind,
        coalesce(
            cast(floor((
                (year(named.setl_time) - year(named.brdy)) * 12 + month(named.setl_time) - month(named.brdy)
            ) / 12) as integer),
            cast(floor(named.age) as integer)
        ) as age_years
    from named
    inner join labels
        on
            named.province is not distinct from labels.province
            and named.med_type is not distinct from labels.med_type
            and named.dise_no is not distinct from labels.dise_no
            and named.clr_way is not distinct from labels.clr_way
            and named.psn_type is not distinct from labels.psn_type
    left join link on named.load_id = link.load_id and named.source_row = link.source_row
    left join institutions
        on
            named.fixmedins_code = institutions.institution_code
            and named.registry_date >= institutions.valid_from
            and named.registry_date <= institutions.valid_to
    left join regions as insured_places
        on
            named.insu_admdvs = insured_places.region_code
            and named.settlement_date >= insured_places.lookup_from
            and named.settlement_date <= insured_places.lookup_to
    left join regions as treatment_places
        on
            named.treatment_region = treatment_places.region_code
            and named.settlement_date >= treatment_places.lookup_from
            and named.settlement_date <= treatment_places.lookup_to
),

classed as (
    select
        *,
        provider_kind = 'hospital' and care_group in ('inpatient', 'maternity_inpatient', 'emergency', 'home_bed') as is_stay_row,
        coalesce(maf_pay, 0) <> 0 as has_assistance
    from joined
),

final as (
    select
        load_id,
        source_row,
        province,
        settlement_month,
        settlement_date,
        cast(begndate as date) as begin_date,
        cast(enddate as date) as end_date,
        {{ month_number('enddate') }} as end_month,
        {{ month_number('crte_time') }} as create_month,
        {{ uuid_to_key('psn_no') }} as person_key,
        insu_admdvs as insured_region,
        insured_prefecture,
        treatment_region,
        -- Geography only: pooling is a filter of the indicator layer.
        case
            when treatment_region is null or insu_admdvs is null then 'unknown'
            when left(treatment_region, 2) <> left(insu_admdvs, 2) then 'cross_province'
            when insured_prefecture is null or treatment_prefecture is null then 'unknown'
            when insured_prefecture = treatment_prefecture then 'local'
            else 'in_province'
        end as travel_class,
        -- L23: where care out of the prefecture was given: a prefecture at home, a province elsewhere.
        case
            when left(treatment_region, 2) <> left(insu_admdvs, 2) then {{ as_code("left(treatment_region, 2) || '0000'", 'region') }}
            when insured_prefecture <> treatment_prefecture then treatment_prefecture
        end as destination_region,
        coalesce(insutype, 'unknown') as scheme_code,
        member_status,
        {{ age_group('age_years') }} as age_group,
        provider_kind,
        care_type,
        care_group,
        two_disease,
        hosp_lv,
        dedc_hosp_lv,
        registry_lmtpric_hosp_lv as lmtpric_hosp_lv,
        registry_hosp_lv,
        coalesce(pay_loc, 'unknown') as payment_place,
        clearing_method,
        settlement_kind,
        reversal_class,
        is_stay_row,
        is_stay_row and settlement_kind = 'normal' as is_discharge,
        has_assistance,
        case when has_assistance then sp_psn_type end as special_person_type,
        -- Identifiers are kept only where rows have to find each other: stays and assistance.
        case when is_stay_row or has_assistance then setl_id end as settlement_id,
        case when is_stay_row or has_assistance then mdtrt_id end as encounter_id,
        case when is_stay_row then fixmedins_code end as institution_code,
        {%- for name, column in amounts %}
        cast(coalesce({{ column }}, 0) as decimal(16, 2)) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from classed
)

{{ as_codes('final', 'fct_settlement') }}
