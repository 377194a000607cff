{# Adding up the cells that the terms of the dictionary select. #}

{# Two CTEs, <name>_keyed and <name>_added: cells of a labelled table added up by region and year for every selection and
   each of its breakdowns. Labels are matched once a combination of labels, not once a cell. `measures` are pairs of
   measure and column; `units` is the column that counts persons, visits or payments. #}
{% macro added_cells(name, relation, labels, measures, units, year='year', cube=none, breakdown=none) -%}
{%- set columns = [] -%}
{%- for measure, column in measures -%}{%- do columns.append(column) -%}{%- endfor -%}
{{ name }}_keyed as (
    select
        province,
        region_code,
        {{ year }} as year,
        {% if breakdown %}cast(month as varchar){% else %}'total'{% endif %} as period_member,
        concat_ws('|', {{ labels | join(', ') }}) as label_key,
        {%- for label in labels %}
        min({{ label }}) as {{ label }},
        {%- endfor %}
        {%- for column in columns %}
        sum({{ column }}) as {{ column }},
        {%- endfor %}
        sum({{ units }}) as cell_units
    from {{ relation }}
    group by all
),

{{ name }}_chosen as (
    select
        selections.selection_id,
        breakdowns.breakdown,
        {{ member_of('breakdowns.breakdown', 'keys', labels) }} as member,
        keys.label_key
    from (select distinct label_key, {{ labels | join(', ') }} from {{ name }}_keyed) as keys
    inner join selections
        on
            selections.cube = '{{ cube or name }}'
            {{ selection_matches('selections', 'keys', labels) }}
    inner join breakdowns
        on selections.selection_id = breakdowns.selection_id and breakdowns.breakdown {{ "= '" ~ breakdown ~ "'" if breakdown else "<> 'month'" }}
),

{{ name }}_added as (
    select
        chosen.selection_id,
        chosen.breakdown,
        {% if breakdown %}cells.period_member{% else %}chosen.member{% endif %} as member,
        cells.province,
        cells.region_code,
        cells.year,
        {%- for column in columns %}
        sum(cells.{{ column }}) as {{ column }},
        {%- endfor %}
        sum(cells.cell_units) as cell_units
    from {{ name }}_chosen as chosen
    inner join {{ name }}_keyed as cells on chosen.label_key = cells.label_key
    group by all
)
{%- endmacro %}

{# A selection takes the cells whose labels are those it names; labels it does not name are free. #}
{% macro selection_matches(selection, cell, labels) -%}
    {%- for label in label_columns() %}
    {%- if label in labels %}
            and ({{ selection }}.{{ label }} is null or {{ selection }}.{{ label }} = {{ cell }}.{{ label }})
    {%- else %}
            and {{ selection }}.{{ label }} is null
    {%- endif %}
    {%- endfor %}
{%- endmacro %}

{# The member of a cell in one breakdown. #}
{% macro member_of(breakdown, cell, labels) -%}
    case {{ breakdown }}
            when 'total' then 'total'
            {%- for label in labels %}
            when '{{ label }}' then {{ cell }}.{{ label }}
            {%- endfor %}
        end
{%- endmacro %}

{# One select a measure over added cells: the rows of the long table. #}
{% macro measure_rows(relation, measures) -%}
    {%- for measure, column in measures %}
    {% if not loop.first %}union all
    {% endif -%}
    select
        selection_id,
        breakdown,
        member,
        '{{ measure }}' as measure,
        province,
        region_code,
        year,
        cast({{ column }} as decimal(28, 2)) as amount,
        cast(cell_units as bigint) as units
    from {{ relation }}
    {%- endfor %}
{%- endmacro %}

{# [name, ...] as pairs, for measures named like their columns. #}
{% macro pairs_of(names) -%}
    {%- set pairs = [] -%}
    {%- for name in names -%}{%- do pairs.append((name, name)) -%}{%- endfor -%}
    {{ return(pairs) }}
{%- endmacro %}

{# Fact rows behind the cells of one cube, with the labels that selections ask for. #}
{% macro trace_rows(cube, extract, relation, labels, condition='true', year='year', month='cast(null as integer)') -%}
    select
        '{{ cube }}' as cube,
        '{{ extract }}' as extract,
        province,
        region_code,
        cast({{ year }} as integer) as year,
        {{ month }} as month,
        {%- for label in label_columns() %}
        {{ label if label in labels else "'none'" }} as {{ label }},
        {%- endfor %}
        load_id,
        source_row
    from {{ relation }}
    where {{ condition }}
{%- endmacro %}
