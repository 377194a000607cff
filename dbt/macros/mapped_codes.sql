{# The codes that provinces mapped at the desk (ops.code_map, S1), asked once a model: set, province, code, target. #}
{% macro mapped_codes() -%}
    {%- set mapped = source('ops', 'code_map') -%}
    {%- set rows = [] -%}
    {%- if execute and adapter.get_relation(mapped.database, mapped.schema, mapped.identifier) -%}
        {%- for row in run_query("select code_set, province, code, target from " ~ mapped ~ " order by all").rows -%}
            {%- do rows.append(row) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(rows) -}}
{%- endmacro %}

{# A code column of `source` as the province means it: codes among `mapped` (see above) of the column's set are put in the place of the
   province's own; the set has the column's name unless another is given. The pairs are written into the SQL as literals; without any
   the column is read as it is. #}
{% macro mapped_code(mapped, column, code_set=none) -%}
    {%- set pairs = [] -%}
    {%- for row in mapped if row[0] == (code_set or column) -%}
        {%- do pairs.append(row) -%}
    {%- endfor -%}
    {%- if pairs -%}
        case
        {%- for _, province, code, target in pairs %}
            when source.province = '{{ province }}' and source.{{ column }} = '{{ code | replace("'", "''") }}' then '{{ target | replace("'", "''") }}'
        {%- endfor %}
            else source.{{ column }}
        end
    {%- else -%}
        source.{{ column }}
    {%- endif -%}
{%- endmacro %}
