{# A code column of `source` as the province means it: codes that were mapped at the desk (ops.code_map, S1) are put in the place
   of the province's own. The pairs are written into the SQL as literals; without any the column is read as it is. #}
{% macro mapped_code(column) -%}
    {%- set mapped = source('ops', 'code_map') -%}
    {%- set pairs = [] -%}
    {%- if execute and adapter.get_relation(mapped.database, mapped.schema, mapped.identifier) -%}
        {%- for row in run_query("select province, code, target from " ~ mapped ~ " where code_set = '" ~ column ~ "' order by all").rows -%}
            {%- do pairs.append(row) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if pairs -%}
        case
        {%- for province, code, target in pairs %}
            when source.province = '{{ province }}' and source.{{ column }} = '{{ code | replace("'", "''") }}' then '{{ target | replace("'", "''") }}'
        {%- endfor %}
            else source.{{ column }}
        end
    {%- else -%}
        source.{{ column }}
    {%- endif -%}
{%- endmacro %}
