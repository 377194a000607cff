{#- sqlfluff knows no macro that gives a list, hence the fallback. -#}
{%- set ways = ways_of_paying() or [('pool', 'visit_type', 'true')] %}

with persons as (
    select * from {{ ref('labelled_person') }}
),

-- What each payment was for, one row a payment.
paid as (
    {%- for name, breakdown, condition in ways %}
    {{ 'union all' if not loop.first }}
    select
        province,
        region_code,
        year,
        scheme,
        '{{ name }}' as paid_by,
        '{{ breakdown }}' as breakdown,
        {{ name }} as paid_for,
        persons
    from persons
    where {{ name }} <> ''
    {%- endfor %}
),

parts as (
    select
        province,
        region_code,
        year,
        scheme,
        paid_by,
        'total' as breakdown,
        'total' as member,
        persons
    from paid
    union all
    select
        province,
        region_code,
        year,
        scheme,
        paid_by,
        breakdown,
        {{ one_row_each("string_split(paid_for, '|')") }} as member,
        persons
    from paid
),

final as (
    select
        province,
        region_code,
        year,
        scheme,
        paid_by,
        breakdown,
        member,
        cast(sum(persons) as bigint) as persons
    from parts
    group by province, region_code, year, scheme, paid_by, breakdown, member
)

select * from final
