{# Labels of cells by the definitions of their province and year; one text for settlements, stays and their trace. #}

{# Columns of the long measure table, in order; a cube without a label has 'none' there. #}
{% macro label_columns() -%}
    {{ return([
        'scheme', 'member_status', 'hospital_tier', 'visit_type', 'travel_class', 'area', 'payment_place', 'age_group',
        'sex', 'employer_group', 'person_group', 'benefit_type', 'care_setting', 'disease_payment', 'fund_type',
        'direction', 'population_kind', 'reported_indicator',
    ]) }}
{%- endmacro %}

{# Prefecture-level region of a place; a place that no register knows still belongs somewhere, so that parts add up. #}
{% macro prefecture_of(region, province, place) -%}
    coalesce({{ place }}.prefecture_code, left({{ region }}, 4) || '00', left({{ province }}, 2) || '9999')
{%- endmacro %}

{# R24: unknown is listed apart unless the definition counts it as active; a scheme without the split has 'none'. #}
{% macro member_status_label(scheme, status, choices) -%}
    case
        when {{ scheme }} <> 'employee' then {{ status }}
        when {{ status }} in ('active', 'retired') then {{ status }}
        when {{ choices }}.person_type_unknown = 'active' then 'active'
        else 'unknown'
    end
{%- endmacro %}

{% macro person_group_label(scheme, status) -%}
    case when {{ scheme }} = 'employee' then 'employee_' || {{ status }} else {{ scheme }} end
{%- endmacro %}

{# The code that decides the tier, by the chosen column. #}
{% macro tier_code(cells, choices) -%}
    coalesce(
        case {{ choices }}.tier_column
            when 'dedc_hosp_lv' then {{ cells }}.dedc_hosp_lv
            when 'lmtpric_hosp_lv' then {{ cells }}.lmtpric_hosp_lv
            when 'registry_at_discharge' then {{ cells }}.registry_hosp_lv
            else {{ cells }}.hosp_lv
        end,
        'none'
    )
{%- endmacro %}

{# R21, L3: what kind of maternity benefit a cell is; family planning and antenatal care joined the figure in 2023. #}
{% macro benefit_type_label(care_group, care_type, provider_kind) -%}
    case
        when {{ provider_kind }} = 'pharmacy' then 'none'
        when {{ care_group }} = 'maternity_inpatient' then 'maternity_inpatient'
        when {{ care_group }} <> 'maternity_outpatient' then 'none'
        when {{ care_type }} like '53%' or {{ care_type }} like '5101%' then 'antenatal_family_planning'
        else 'maternity_outpatient'
    end
{%- endmacro %}

{# Out of area is geography seen through the dated pooling level (L5, L7). #}
{% macro area_label(travel_class, pooling_level) -%}
    case
        when {{ travel_class }} = 'unknown' then 'unknown'
        when {{ travel_class }} = 'cross_province' then 'out_of_area'
        when {{ travel_class }} = 'in_province' and {{ pooling_level }} = 'prefecture' then 'out_of_area'
        else 'local'
    end
{%- endmacro %}

{# First day of an integer month. #}
{% macro first_day_of(month) -%}
    make_date(cast(floor({{ month }} / 100) as integer), cast({{ month }} % 100 as integer), 1)
{%- endmacro %}

{# One select a measure over a relation of labelled cells: the rows of the long measure table. `measures` are triples of
   cube, measure and column; `units` is the column that counts persons, visits or payments behind the amount. #}
{% macro measure_rows(relation, measures, labels, units, year='year', month='cast(null as integer)') -%}
    {%- for cube, measure, column in measures %}
    {% if not loop.first %}union all
    {% endif -%}
    select
        '{{ cube }}' as cube,
        '{{ measure }}' as measure,
        province,
        region_code,
        {{ year }} as year,
        {{ month }} as month,
        {%- for label in label_columns() %}
        {{ label if label in labels else "'none'" }} as {{ label }},
        {%- endfor %}
        cast({{ column }} as decimal(24, 2)) as amount,
        cast({{ units }} as bigint) as units
    from {{ relation }}
    {%- endfor %}
{%- endmacro %}

{# Prefecture-level rows of a long measure table, and the province as their sum. A ledger that is kept for the province
   as a whole belongs to no prefecture. #}
{% macro with_provinces(relation) -%}
    select
        *,
        'prefecture' as region_level
    from {{ relation }}
    where region_code <> province
    union all
    select
        cube,
        measure,
        province,
        province as region_code,
        year,
        month,
        {{ label_columns() | join(',\n        ') }},
        cast(sum(amount) as decimal(24, 2)) as amount,
        cast(sum(units) as bigint) as units,
        'province' as region_level
    from {{ relation }}
    group by
        cube, measure, province, year, month,
        {{ label_columns() | join(', ') }}
{%- endmacro %}

{# [name, ...] as the triples that measure_rows takes, for measures named like their columns. #}
{% macro amounts_of(cube, names) -%}
    {%- set triples = [] -%}
    {%- for name in names -%}{%- do triples.append((cube, name, name)) -%}{%- endfor -%}
    {{ return(triples) }}
{%- endmacro %}

{# [(name, column), ...] as the triples that measure_rows takes. #}
{% macro triples_of(cube, pairs) -%}
    {%- set triples = [] -%}
    {%- for name, column in pairs -%}{%- do triples.append((cube, name, column)) -%}{%- endfor -%}
    {{ return(triples) }}
{%- endmacro %}
