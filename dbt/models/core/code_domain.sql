{# Which codes the enumerations of the facts hold (macro as_codes). It only ever grows, so that a fact written earlier can
   be widened; a full refresh takes it back to what is there. #}
{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}
{%- set months = touched_months() if is_incremental() else [] %}
{%- set labels = {
    'travel_class': ['local', 'in_province', 'cross_province', 'unknown'],
    'member_status': ['active', 'retired', 'none', 'unknown'],
    'age_group': ['0-17', '18-59', '60+', 'unknown'],
    'sex': ['male', 'female', 'unknown'],
    'provider_kind': ['hospital', 'pharmacy', 'unknown'],
    'settlement_kind': ['normal', 'interim', 'supplementary'],
    'reversal_class': ['live', 'reversed', 'flagged_alone', 'reversing', 'restoring', 'invalid'],
    'care_group': ['unknown'],
    'care_type': ['unknown'],
    'clearing_method': ['unknown'],
    'two_disease': ['hypertension', 'diabetes', 'unspecified', 'none'],
    'payment_place': ['unknown'],
    'scheme': ['unknown'],
    'scheme_group': ['employee', 'resident'],
    'employer_group': ['none', 'flexible_other', 'unknown'],
    'employer_unit': ['ordinary', 'virtual', 'none', 'unknown'],
    'fund_mode': ['none', 'unknown'],
    'resident_group': ['adult', 'pupil_child', 'college', 'none', 'unknown'],
    'household': ['rural', 'not_rural', 'none', 'unknown'],
    'identity': ['none'],
    'insured_dedup': ['employee_first'],
    'dedup_scope': ['province'],
} %}
{%- set lists = [
    ('region', 'provinces'),
    ('region', 'insured_regions'),
    ('region', 'institution_regions'),
    ('region', 'coded_regions'),
    ('scheme', 'schemes'),
    ('care_type', 'care_types'),
    ('grade', 'grades'),
    ('grade', 'deductible_grades'),
    ('payment_place', 'payment_places'),
    ('identity', 'identities'),
] %}

with settlements as (
    select
        province,
        insu_admdvs,
        case when length(fix_blng_admdvs) = 6 then fix_blng_admdvs end as institution_region,
        substr(fixmedins_code, 2, 6) as coded_region,
        insutype,
        med_type,
        hosp_lv,
        dedc_hosp_lv,
        pay_loc,
        sp_psn_type
    from {{ ref('stg_setl_d') }}
    {% if is_incremental() -%}
    where {{ time_in_months('setl_time', months) }}
    {%- endif %}
),

-- One pass over the settlements.
settlement_lists as (
    select
        {{ distinct_values('province') }} as provinces,
        {{ distinct_values('insu_admdvs') }} as insured_regions,
        {{ distinct_values('institution_region') }} as institution_regions,
        {{ distinct_values('coded_region') }} as coded_regions,
        {{ distinct_values('insutype') }} as schemes,
        {{ distinct_values('med_type') }} as care_types,
        {{ distinct_values('hosp_lv') }} as grades,
        {{ distinct_values('dedc_hosp_lv') }} as deductible_grades,
        {{ distinct_values('pay_loc') }} as payment_places,
        {{ distinct_values('sp_psn_type') }} as identities
    from settlements
),

enrolment_codes as (
    select * from {{ ref('enrolment_code') }}
),

institutions as (
    select * from {{ ref('dim_institution') }}
),

codes as (
    select * from {{ ref('code_set') }}
    where scope <> 'local pattern'
),

found as (
    {%- for domain, names in labels.items() %}
    {%- for name in names %}
    select
        '{{ domain }}' as domain,
        '{{ name }}' as code
    union all
    {%- endfor %}
    {%- endfor %}
    {%- for domain, column in lists %}
    select
        '{{ domain }}' as domain,
        {{ one_row_each(column) }} as code
    from settlement_lists
    union all
    {%- endfor %}
    select
        'region' as domain,
        region_code as code
    from {{ ref('dim_region') }}
    union all
    select
        'region' as domain,
        prefecture_code as code
    from {{ ref('dim_region') }}
    union all
    select
        'grade' as domain,
        hosp_lv as code
    from institutions
    union all
    select
        'grade' as domain,
        lmtpric_hosp_lv as code
    from institutions
    union all
    select
        domain,
        code
    from enrolment_codes
    union all
    select
        switch as domain,
        value as code
    from {{ source('ops', 'definition_choice') }}
    where switch in ('insured_dedup', 'dedup_scope')
    union all
    select
        'care_group' as domain,
        care_group as code
    from {{ source('ops', 'care_type_map') }}
    union all
    select
        'scheme' as domain,
        scheme_code as code
    from {{ ref('scheme_map') }}
    union all
    -- What a code is mapped to at the desk reaches months that received no row.
    select
        case code_set
            when 'insutype' then 'scheme'
            when 'hosp_lv' then 'grade'
            when 'dedc_hosp_lv' then 'grade'
            when 'pay_loc' then 'payment_place'
        end as domain,
        target as code
    from {{ source('ops', 'code_map') }}
    union all
    select
        case set_name
            when 'med_type' then 'care_group'
            when 'clr_way' then 'clearing_method'
            when 'emp_type_group' then 'employer_group'
            when 'hi_type' then 'fund_mode'
        end as domain,
        rollup as code
    from codes
    where set_name in ('med_type', 'clr_way', 'emp_type_group', 'hi_type')
),

-- A place far away is kept as its province.
placed as (
    select
        domain,
        code
    from found
    union all
    select
        domain,
        left(code, 2) || '0000' as code
    from found
    where domain = 'region'
),

final as (
    select distinct
        domain,
        code
    from placed
    where
        domain is not null
        and code is not null
        {% if is_incremental() -%}
        and not exists (
            select 1 from {{ this }} as known
            where known.domain = placed.domain and known.code = placed.code
        )
        {%- endif %}
)

select * from final
