{# What differs between engines, one macro a difference; DuckDB is the default, Spark overrides. #}

{# First 64 bits of a 128-bit pseudonym as a signed number. #}
{% macro uuid_to_key(column) -%}
    {{ return(adapter.dispatch('uuid_to_key', 'medical_insurance')(column)) }}
{%- endmacro %}

{% macro default__uuid_to_key(column) -%}
    cast(cast((cast({{ column }} as blob))[1:8] as bit) as bigint)
{%- endmacro %}

{% macro spark__uuid_to_key(column) -%}
    cast(cast(conv(substr(replace({{ column }}, '-', ''), 1, 16), 16, -10) as decimal(20, 0)) as bigint)
{%- endmacro %}

{# Days from one date to another. #}
{% macro days_between(begin_date, end_date) -%}
    {{ return(adapter.dispatch('days_between', 'medical_insurance')(begin_date, end_date)) }}
{%- endmacro %}

{% macro default__days_between(begin_date, end_date) -%}
    date_diff('day', {{ begin_date }}, {{ end_date }})
{%- endmacro %}

{% macro spark__days_between(begin_date, end_date) -%}
    datediff({{ end_date }}, {{ begin_date }})
{%- endmacro %}

{# A 64-bit fingerprint of several columns, nulls included; only ever compared, never stored as a figure. #}
{% macro row_hash(columns) -%}
    {{ return(adapter.dispatch('row_hash', 'medical_insurance')(columns)) }}
{%- endmacro %}

{% macro default__row_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{% macro spark__row_hash(columns) -%}
    xxhash64({{ columns | join(', ') }})
{%- endmacro %}

{# The value of one column in the row where another expression is largest. #}
{% macro value_at_max(column, by) -%}
    {{ return(adapter.dispatch('value_at_max', 'medical_insurance')(column, by)) }}
{%- endmacro %}

{% macro default__value_at_max(column, by) -%}
    arg_max({{ column }}, {{ by }})
{%- endmacro %}

{% macro spark__value_at_max(column, by) -%}
    max_by({{ column }}, {{ by }})
{%- endmacro %}

{# All values of a column, each once, as one list. #}
{% macro distinct_values(column) -%}
    {{ return(adapter.dispatch('distinct_values', 'medical_insurance')(column)) }}
{%- endmacro %}

{% macro default__distinct_values(column) -%}
    list(distinct {{ column }})
{%- endmacro %}

{% macro spark__distinct_values(column) -%}
    collect_set({{ column }})
{%- endmacro %}

{# One row for each entry of a list. #}
{% macro one_row_each(column) -%}
    {{ return(adapter.dispatch('one_row_each', 'medical_insurance')(column)) }}
{%- endmacro %}

{% macro default__one_row_each(column) -%}
    unnest({{ column }})
{%- endmacro %}

{% macro spark__one_row_each(column) -%}
    explode({{ column }})
{%- endmacro %}

{# Two to the power of a whole number below 63. #}
{% macro power_of_two(exponent) -%}
    {{ return(adapter.dispatch('power_of_two', 'medical_insurance')(exponent)) }}
{%- endmacro %}

{% macro default__power_of_two(exponent) -%}
    (cast(1 as bigint) << ({{ exponent }}))
{%- endmacro %}

{% macro spark__power_of_two(exponent) -%}
    shiftleft(cast(1 as bigint), {{ exponent }})
{%- endmacro %}

{# Behind AS of a common table: read anew by each reader. Left alone DuckDB keeps in memory whatever is read twice; of a
   province's settlements or spells that is gigabytes, written out and read back, where a second look reads one column. #}
{% macro read_by_each() -%}
    {{ return(adapter.dispatch('read_by_each', 'medical_insurance')()) }}
{%- endmacro %}

{% macro default__read_by_each() -%}
    not materialized
{%- endmacro %}

{% macro spark__read_by_each() -%}
{%- endmacro %}

{# Every day from the first of January of one column's year to the end of another's, of a relation of one row. #}
{% macro days_of_years(relation, first_year, last_year) -%}
    {{ return(adapter.dispatch('days_of_years', 'medical_insurance')(relation, first_year, last_year)) }}
{%- endmacro %}

{% macro default__days_of_years(relation, first_year, last_year) -%}
    select cast(unnest(generate_series(
        make_date(cast({{ first_year }} as integer), 1, 1), make_date(cast({{ last_year }} as integer), 12, 31), interval 1 day
    )) as date) as day
    from {{ relation }}
{%- endmacro %}

{% macro spark__days_of_years(relation, first_year, last_year) -%}
    select explode(sequence(make_date({{ first_year }}, 1, 1), make_date({{ last_year }}, 12, 31), interval 1 day)) as day
    from {{ relation }}
{%- endmacro %}

{# Whether a date lies between Monday and Friday. #}
{% macro is_weekday(day) -%}
    {{ return(adapter.dispatch('is_weekday', 'medical_insurance')(day)) }}
{%- endmacro %}

{% macro default__is_weekday(day) -%}
    isodow({{ day }}) < 6
{%- endmacro %}

{% macro spark__is_weekday(day) -%}
    weekday({{ day }}) < 5
{%- endmacro %}
