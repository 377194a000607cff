{#- sqlfluff knows no macro that gives a list, hence the fallback. -#}
{%- set payments = care_payments() or [('pool', 'true')] %}
{%- set others = other_payments() or [('serious_illness', 'true')] %}

with persons as (
    select * from {{ ref('cube_person') }}
),

visit_types as (
    select * from {{ ref('visit_type_label') }}
),

-- The flag of each kind of care and payment, and the kind of visit that the definition makes of the care.
flags as (
    {{ care_flag_rows() }}
),

named_flags as (
    select
        visit_types.province,
        visit_types.year,
        visit_types.visit_type,
        flags.paid_by,
        bit_or(flags.flag) as mask
    from flags
    inner join visit_types
        on
            flags.care_group = visit_types.care_group
            and flags.provider_kind = visit_types.provider_kind
            and flags.is_rescue = visit_types.is_rescue
    group by visit_types.province, visit_types.year, visit_types.visit_type, flags.paid_by
),

-- For each payment the kinds of visit it was for, as one text: whoever has one counts in it once, whoever has any in the total.
labelled as (
    select
        persons.province,
        persons.region_code,
        persons.year,
        persons.scheme,
        persons.benefit_flags,
        min(persons.persons) as persons,
        {%- for payment, paid in payments %}
        coalesce(
            string_agg(
                case when named_flags.paid_by = '{{ payment }}' then named_flags.visit_type end, '|'
                order by named_flags.visit_type
            ),
            ''
        ) as {{ payment }},
        {%- endfor %}
        {%- for name, condition in others %}
        case when persons.benefit_flags & {{ other_flag(name) }} <> 0 then 'any' else '' end as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
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
        {%- for payment, paid in payments %}
        {{ payment }},
        {%- endfor %}
        {%- for name, condition in others %}
        {{ name }},
        {%- endfor %}
        cast(sum(persons) as bigint) as persons
    from labelled
    group by all
)

select * from final
