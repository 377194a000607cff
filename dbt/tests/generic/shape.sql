{# The shape of a table in one scan: its key is unique and the listed columns are never null. Returns one row a violation
   kind, so that a failure says which. #}
{% test shape(model, key=[], present=[]) %}

with checked as (
    select
        count(*) as row_count
        {%- for column in present %},
        count({{ column }}) as present_{{ loop.index }}
        {%- endfor %}
    from {{ model }}
){% if key %},

repeated as (
    select {{ key | join(', ') }}
    from {{ model }}
    group by {{ key | join(', ') }}
    having count(*) > 1
){% endif %},

final as (
    {%- for column in present %}
    select 'null in {{ column }}' as violation from checked where present_{{ loop.index }} < row_count
    {{ 'union all' if not loop.last or key }}
    {%- endfor %}
    {%- if key %}
    select 'key not unique' as violation from repeated
    {%- endif %}
)

select * from final

{% endtest %}
