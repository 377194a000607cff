{# The dated definition choices of the provinces. #}

{# A CTE body: province, year and the chosen value of one switch; years without a row take the default by a left join
   and coalesce at the place of use. #}
{% macro choice_of(switch) -%}
    select
        province,
        year,
        max(value) as value
    from {{ source('ops', 'definition_choice') }}
    where switch = '{{ switch }}'
    group by province, year
{%- endmacro %}

{# The month in which a row counts by the chosen clock; a date that was not delivered leaves it where it was settled. #}
{% macro month_by_clock(clock, settled, ended, created) -%}
    case {{ clock }}
            when 'enddate' then coalesce({{ ended }}, {{ settled }})
            when 'crte_time' then coalesce({{ created }}, {{ settled }})
            else {{ settled }}
        end
{%- endmacro %}
