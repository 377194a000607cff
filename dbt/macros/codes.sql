{# Codes and labels of the big facts as enumerations. Text costs: in a fact of 20 code columns more than half of the time
   went into packing text (decision 0007). An enumeration reads, compares, sorts and joins like the text it stands for. #}

{# Column of a fact to its domain in core.code_domain; one list for the cast, the widening and the way back to text. `code_labels` are
   the labels that fct_settlement works out for combinations of codes. #}
{% macro code_columns(fact) -%}
    {{ return({
        'fct_settlement': {
            'province': 'region',
            'insured_region': 'region',
            'insured_prefecture': 'region',
            'treatment_region': 'region',
            'destination_region': 'region',
            'travel_class': 'travel_class',
            'scheme_code': 'scheme',
            'member_status': 'member_status',
            'age_group': 'age_group',
            'special_person_type': 'identity',
            'provider_kind': 'provider_kind',
            'care_type': 'care_type',
            'care_group': 'care_group',
            'hosp_lv': 'grade',
            'dedc_hosp_lv': 'grade',
            'lmtpric_hosp_lv': 'grade',
            'registry_hosp_lv': 'grade',
            'payment_place': 'payment_place',
            'clearing_method': 'clearing_method',
            'two_disease': 'two_disease',
            'settlement_kind': 'settlement_kind',
            'reversal_class': 'reversal_class',
        },
        'code_labels': {
            'care_type': 'care_type',
            'care_group': 'care_group',
            'two_disease': 'two_disease',
            'clearing_method': 'clearing_method',
            'member_status': 'member_status',
        },
        'fct_enrolment': {
            'province': 'region',
            'scheme_code': 'scheme',
            'scheme': 'scheme_group',
            'member_status': 'member_status',
            'insured_region': 'region',
            'employer_type': 'employer_type',
            'employer_group': 'employer_group',
            'employer_unit': 'employer_unit',
            'fund_mode': 'fund_mode',
            'resident_group': 'resident_group',
        },
        'fct_enrolment_date': {
            'age_group': 'age_group',
            'sex': 'sex',
            'household': 'household',
            'premium_identity_code': 'identity',
            'insured_dedup': 'insured_dedup',
            'dedup_scope': 'dedup_scope',
        },
    }[fact]) }}
{%- endmacro %}

{# The enumeration of every domain, as SQL; empty while dbt only parses. #}
{% macro code_types() -%}
    {%- set types = {} -%}
    {%- set domains = ref('code_domain') -%}
    {%- set literal = "'''' || replace(code, '''', '''''') || ''''" -%}
    {%- if execute -%}
        {#- One row a domain: dbt takes longer over a row than the engine over a list of codes. -#}
        {%- for row in run_query('select domain, string_agg(' ~ literal ~ ", ', ' order by code) from " ~ domains ~ ' group by domain').rows -%}
            {%- do types.update({row[0]: row[1]}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(types) }}
{%- endmacro %}

{# Type of a domain's columns: text while nothing that has landed holds a code of it. #}
{% macro code_type(types, domain) -%}
    {{ return('ENUM(' ~ types[domain] ~ ')' if types[domain] else 'VARCHAR') }}
{%- endmacro %}

{# One code as its enumeration: in the small tables that a fact joins, it is worked out once a code instead of once a row.
   A code that no fact holds yet meets none of their rows: null, as is a province before its first settlement. #}
{% macro as_code(expression, domain) -%}
    {{ return(adapter.dispatch('as_code', 'medical_insurance')(expression, domain)) }}
{%- endmacro %}

{% macro default__as_code(expression, domain) -%}
    try_cast({{ expression }} as {{ code_type(code_types(), domain) }})
{%- endmacro %}

{% macro spark__as_code(expression, domain) -%}
    {{ expression }}
{%- endmacro %}

{# The last step of a fact: its text columns as enumerations. #}
{% macro as_codes(relation, fact) -%}
    {{ return(adapter.dispatch('as_codes', 'medical_insurance')(relation, fact)) }}
{%- endmacro %}

{% macro default__as_codes(relation, fact) -%}
    {%- set types = code_types() -%}
    {%- if types -%}
select * replace (
    {%- for column, domain in code_columns(fact).items() %}
    cast({{ column }} as {{ code_type(types, domain) }}) as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
)
from {{ relation }}
    {%- else -%}
select * from {{ relation }}
    {%- endif -%}
{%- endmacro %}

{% macro spark__as_codes(relation, fact) -%}
select * from {{ relation }}
{%- endmacro %}

{# The way back: what leaves core is text again. #}
{% macro as_text(relation, columns) -%}
    {{ return(adapter.dispatch('as_text', 'medical_insurance')(relation, columns)) }}
{%- endmacro %}

{% macro default__as_text(relation, columns) -%}
select * replace (
    {%- for column in columns %}
    cast({{ column }} as varchar) as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
)
from {{ relation }}
{%- endmacro %}

{% macro spark__as_text(relation, columns) -%}
select * from {{ relation }}
{%- endmacro %}

{# Before an increment: columns whose enumeration lacks a code that has come since are given the longer one. #}
{% macro widen_codes(fact) -%}
    {%- if is_incremental() -%}
        {%- set types = code_types() -%}
        {%- set domains = code_columns(fact) -%}
        {%- for column in adapter.get_columns_in_relation(this) if column.name in domains -%}
            {%- set wanted = code_type(types, domains[column.name]) -%}
            {%- if column.data_type != wanted -%}
                alter table {{ this }} alter column {{ column.name }} set data type {{ wanted }};
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
