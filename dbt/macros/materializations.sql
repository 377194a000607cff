{# Tables and views replaced in one statement. The ways that dbt brings make a model under another name, rename the old one
   away, the new one into its place and drop the old one: four statements and as many looks at its cache, for engines that
   cannot replace within a transaction. DuckDB can; of a run without much data that was a tenth of the seconds. A
   statement that fails leaves what was there, as before. Hooks run as they do with dbt's own; grants, contracts, indexes
   and foreign keys, which this project does not use, are left out. Spark goes on with its own. #}

{% materialization table, adapter='duckdb' %}
    {{ return(replaced('table')) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {{ return(replaced('view')) }}
{% endmaterialization %}

{% macro replaced(kind) %}
    {%- set target = this.incorporate(type=kind) -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if existing is not none and existing.type != kind -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
    {%- call statement('main') -%}
        create or replace {{ kind }} {{ target }} as (
            {{ compiled_code }}
        )
    {%- endcall -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmacro %}
