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

-- For each payment what it was for, as one text: whoever has one of it counts there once, whoever has any in the total.
labelled as (
    select
        persons.province,
        persons.region_code,
        persons.year,
        persons.scheme,
        persons.benefit_flags,
        {%- for name, breakdown, condition in ways %}
        {%- if breakdown == 'none' %}
        case when persons.benefit_flags & {{ other_flag(name) }} <> 0 then 'any' else '' end as {{ name }},
        {%- else %}
        coalesce(
            string_agg(
                case when named_flags.paid_by = '{{ name }}' then named_flags.paid_for end, '|' order by named_flags.paid_for
            ),
            ''
        ) as {{ name }},
        {%- endif %}
        {%- endfor %}
        min(persons.persons) as persons
    from persons
    inner join named_flags
        on
            persons.province = named_flags.province
            and persons.year = named_flags.year
            and persons.benefit_flags & named_flags.mask <> 0
    group by persons.province, persons.region_code, persons.year, persons.scheme, persons.benefit_flags
),

final as (
    select
        province,
        region_code,
        year,
        scheme,
        {%- for name, breakdown, condition in ways %}
        {{ name }},
        {%- endfor %}
        cast(sum(persons) as bigint) as persons
    from labelled
    group by all
)

select * from final
