{# A term takes the cells whose labels are those it names; labels it does not name are free. #}
{% macro term_matches(term, cell) -%}
    {%- for label in label_columns() %}
    and ({{ term }}.{{ label }} is null or {{ term }}.{{ label }} = {{ cell }}.{{ label }})
    {%- endfor %}
{%- endmacro %}

{# The member of a cell in one breakdown. #}
{% macro member_of(breakdown, cell) -%}
    case {{ breakdown }}
        when 'total' then 'total'
        {%- for label in label_columns() %}
        when '{{ label }}' then {{ cell }}.{{ label }}
        {%- endfor %}
    end
{%- endmacro %}
