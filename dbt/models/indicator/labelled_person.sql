{#- sqlfluff knows no macro that gives a list, hence the fallback. -#}
{%- set ways = ways_of_paying() or [('pool', 'visit_type', 'true'), ('serious_illness', 'none', 'true')] %}

with persons as (
    select * from {{ ref('cube_person') }}
),

visit_types as (
    select * from {{ ref('visit_type_label') }}
),

care_flags as (
    {{ care_flag_rows() }}
),

disease_flags as (
    {{ disease_flag_rows() }}
),

-- What each flag stands for: the kind of visit that the definition makes of the care, or the disease.
named_flags as (
    select
        visit_types.province,
        visit_types.year,
        care_flags.paid_by,
        visit_types.visit_type as paid_for,
        bit_or(care_flags.flag) as mask
    from care_flags
    inner join visit_types
        on
            care_flags.care_group = visit_types.care_group
            and care_flags.provider_kind = visit_types.provider_kind
            and care_flags.is_rescue = visit_types.is_rescue
    group by visit_types.province, visit_types.year, care_flags.paid_by, visit_types.visit_type
    union all
    select
        years.province,
        years.year,
        disease_flags.paid_by,
        disease_flags.two_disease as paid_for,
        disease_flags.flag as mask
    from disease_flags
    cross join (select distinct province, year from visit_types) as years
),

combinations as (
    select distinct
        province,
        year,
        benefit_flags
    from persons
),

-- For each payment what it was for, as one text: whoever has one of it counts there once, whoever has any in the total.
labelled as (
    select
        combinations.province,
        combinations.year,
        combinations.benefit_flags,
        {%- for name, breakdown, condition in ways %}
        {%- if breakdown == 'none' %}
        case when combinations.benefit_flags & {{ other_flag(name) }} <> 0 then 'any' else '' end as {{ name }}{{ ',' if not loop.last }}
        {%- else %}
        coalesce(
            string_agg(
                case when named_flags.paid_by = '{{ name }}' then named_flags.paid_for end, '|' order by named_flags.paid_for
            ),
            ''
        ) as {{ name }}{{ ',' if not loop.last }}
        {%- endif %}
        {%- endfor %}
    from combinations
    inner join named_flags
        on
            combinations.province = named_flags.province
            and combinations.year = named_flags.year
            and combinations.benefit_flags & named_flags.mask <> 0
    group by combinations.province, combinations.year, combinations.benefit_flags
),

final as (
    select
        persons.province,
        persons.region_code,
        persons.year,
        persons.scheme,
        {%- for name, breakdown, condition in ways %}
        labelled.{{ name }},
        {%- endfor %}
        cast(sum(persons.persons) as bigint) as persons
    from persons
    inner join labelled
        on
            persons.province = labelled.province
            and persons.year = labelled.year
            and persons.benefit_flags = labelled.benefit_flags
    group by all
)

select * from final
