{# Rebuilding whole months. The months are written into the SQL as literals, so that Parquet row groups of other months
   are never opened. #}

{% macro months_of(query) -%}
    {%- set months = [] -%}
    {%- if execute -%}
        {%- for row in run_query(query).rows -%}
            {%- do months.append(row[0] | int) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(months | unique | sort | list) }}
{%- endmacro %}

{# Months of ops.touched_month, with the months that a changed reference or a changed link makes due (settlement_rebuild
   adds these in the transaction of the fact). #}
{% macro touched_months() -%}
    {{ return(months_of('select settlement_month from ' ~ source('ops', 'touched_month'))) }}
{%- endmacro %}

{# Those months, and those that the rebuild of chosen months has put off: all whose rows have changed since the last whole run. #}
{% macro changed_months() -%}
    {{ return(months_of(
        'select settlement_month from ' ~ source('ops', 'touched_month')
        ~ ' union all select settlement_month from ' ~ source('ops', 'put_off_month')
    )) }}
{%- endmacro %}

{# The months to rebuild, and those whose fact stands and whose fund split or charge lines have changed. #}
{% macro touched_source_months() -%}
    {{ return(months_of(
        'select settlement_month from ' ~ source('ops', 'touched_month')
        ~ ' union all select settlement_month from ' ~ source('ops', 'touched_source_month')
    )) }}
{%- endmacro %}

{# What the last run left in a table, each combination once; nothing where no run has made the table yet. It is read by name
   and not by ref, because it is built after the model that asks. `columns` are names with their types. #}
{% macro left_by_last_run(schema, table, columns) -%}
    {%- set relation = adapter.get_relation(this.database, schema, table) if execute else none -%}
    {%- if relation -%}
        select distinct {{ columns | join(', ') }} from {{ relation }}
    {%- else -%}
        select
        {%- for column, type in columns.items() %}
            cast(null as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
        where false
    {%- endif -%}
{%- endmacro %}

{# Whether a table that is written whole in every run has no rows of the last run to take over: at first, and at a full
   refresh. #}
{% macro is_made_whole(schema, table) -%}
    {{ return(flags.FULL_REFRESH or (execute and adapter.get_relation(this.database, schema, table) is none)) }}
{%- endmacro %}

{# Condition: an integer month column lies in the list. #}
{% macro month_in(column, months) -%}
    {%- if months -%}
        {{ column }} in ({{ months | join(', ') }})
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{# Condition: a timestamp column lies in the listed months, as ranges over runs of consecutive months. #}
{% macro time_in_months(column, months) -%}
    {%- if not months -%}
        false
    {%- else -%}
        {%- set runs = [] -%}
        {%- for month in months -%}
            {%- set following = month + 1 if month % 100 < 12 else month + 89 -%}
            {%- if runs and runs[-1][1] == month -%}
                {%- do runs.append([runs.pop()[0], following]) -%}
            {%- else -%}
                {%- do runs.append([month, following]) -%}
            {%- endif -%}
        {%- endfor -%}
        (
        {%- for first, following in runs %}
            {{ 'or ' if not loop.first }}(
                {{ column }} >= date '{{ first // 100 }}-{{ '%02d' % (first % 100) }}-01'
                and {{ column }} < date '{{ following // 100 }}-{{ '%02d' % (following % 100) }}-01'
            )
        {%- endfor %}
        )
    {%- endif -%}
{%- endmacro %}

{# First step of rebuilding months, inside the model's own transaction. #}
{% macro delete_months(months) -%}
    delete from {{ this }} where {{ month_in('settlement_month', months) }}
{%- endmacro %}

{# For each month of a relation (settlement_month), a fingerprint of the reference data that fact and profile read:
   institutions as known by the end of that month, regions, care types, mapped codes, code sets and schemes. A month whose fingerprint
   moved is rebuilt, so that a new registry gives the same rows as a full refresh. #}
{% macro reference_version(months) -%}
    month_reference as (
        select
            months.settlement_month,
            bit_xor({{ row_hash([
                'institution.institution_code', 'institution.provider_kind', 'institution.hosp_lv',
                'institution.lmtpric_hosp_lv', 'institution.valid_from',
                'case when institution.valid_to < ' ~ last_day_of('months.settlement_month') ~ ' then institution.valid_to end'
            ]) }}) as institution_version
        from {{ months }} as months
        left join {{ ref('dim_institution') }} as institution
            on institution.valid_from <= {{ last_day_of('months.settlement_month') }}
        group by months.settlement_month
    ),

    undated_reference as (
        select bit_xor(reference_hash) as undated_version
        from (
            select {{ row_hash(['region_code', 'prefecture_code', 'province_code', 'lookup_from', 'lookup_to']) }} as reference_hash
            from {{ ref('dim_region') }}
            union all
            select {{ row_hash(['set_name', 'code', 'scope', 'rollup']) }} as reference_hash
            from {{ ref('code_set') }}
            union all
            select {{ row_hash(['scheme_code', 'scheme']) }} as reference_hash
            from {{ ref('scheme_map') }}
            union all
            select {{ row_hash(['province', 'code', 'care_group']) }} as reference_hash
            from {{ source('ops', 'care_type_map') }}
            union all
            select {{ row_hash(['province', 'code', 'two_disease']) }} as reference_hash
            from {{ source('ops', 'two_disease_map') }}
            union all
            select {{ row_hash(['province', 'code', 'exam_kind']) }} as reference_hash
            from {{ source('ops', 'large_exam_map') }}
            union all
            select {{ row_hash(['province', 'code_set', 'code', 'target']) }} as reference_hash
            from {{ source('ops', 'code_map') }}
            where is_of_settlements
        ) as reference
    ),

    reference_version as (
        select
            month_reference.settlement_month,
            {{ row_hash(['month_reference.institution_version', 'undated_reference.undated_version']) }} as reference_version
        from month_reference
        cross join undated_reference
    )
{%- endmacro %}
