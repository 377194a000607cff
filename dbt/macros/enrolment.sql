{# Who is insured on a reference date, in parts: the enrolment of the dates and the trace of its rows read the same text. #}

{# One row a province and reference date (31 December), with the choices that hold there. `provinces` names a relation. #}
{% macro reference_dates(provinces) -%}
    select
        provinces.province,
        years.year as reference_year,
        make_date(cast(years.year as integer), 12, 31) as reference_date,
        years.year * 100 + 12 as reference_month,
        make_date(cast(years.year as integer), 6, 30) as half_year_before,
        coalesce(max(case when choices.switch = 'insured_rule' then choices.value end), 'paid_for_period') as insured_rule,
        coalesce(max(case when choices.switch = 'insured_dedup' then choices.value end), 'employee_first') as insured_dedup,
        coalesce(max(case when choices.switch = 'dedup_scope' then choices.value end), 'province') as dedup_scope
    from {{ provinces }} as provinces
    cross join (
        -- Every statistics year, and the year before it: averages and growth look back.
        select
            year,
            register_year
        from {{ source('dictionary', 'statistics_year') }}
        union
        select
            year - 1 as year,
            register_year
        from {{ source('dictionary', 'statistics_year') }}
    ) as years
    left join {{ source('ops', 'definition_choice') }} as choices
        on
            provinces.province = choices.province
            and years.year = choices.year
            and choices.switch in ('insured_rule', 'insured_dedup', 'dedup_scope')
    -- L27: of a 31 December that no delivered register has reached nobody can say who is insured.
    where years.year <= coalesce(years.register_year, years.year)
    group by provinces.province, years.year
{%- endmacro %}

{# R14: retirees who have their years pay nothing; other spells by the rule of the date. #}
{% macro is_insured_unpaid(spells, dates) -%}
    (
        {{ dates }}.insured_rule = 'open_spell'
        or ({{ spells }}.scheme = 'employee' and {{ spells }}.member_status = 'retired')
        or (
            {{ dates }}.insured_rule = 'spell_and_recent_payment'
            and {{ spells }}.spell_begin_date > {{ dates }}.half_year_before
        )
    )
{%- endmacro %}

{# R10: a contribution counts for a date once it has arrived and, by the rule of the date, pays for its month or came lately. #}
{% macro pays_for(contributions, dates) -%}
    {{ contributions }}.is_paid
    and {{ contributions }}.is_regular
    and {{ contributions }}.arrived_date <= {{ dates }}.reference_date
    and (
        (
            {{ dates }}.insured_rule = 'paid_for_period'
            and {{ contributions }}.accrual_from <= {{ dates }}.reference_month
            and {{ contributions }}.accrual_to >= {{ dates }}.reference_month
        )
        or (
            {{ dates }}.insured_rule = 'spell_and_recent_payment'
            and {{ contributions }}.arrived_date > {{ dates }}.half_year_before
        )
    )
{%- endmacro %}

{# Years as the bits of one number, 2000 the lowest: a person's years of cover add up by bit_or. #}
{% macro first_bit_year() -%}
    2000
{%- endmacro %}

{# The bits of all years from one to another; none where the first is after the last. Years outside 2000 to 2061 have no bit. #}
{% macro year_bits(first, last) -%}
    greatest(
        {{ power_of_two('greatest(least(cast(' ~ last ~ ' as integer), 2061) - ' ~ (first_bit_year() | int - 1) ~ ', 0)') }}
        - {{ power_of_two('least(greatest(cast(' ~ first ~ ' as integer) - ' ~ first_bit_year() ~ ', 0), 62)') }},
        0
    )
{%- endmacro %}

{# The place of the highest bit that is set, 0 the lowest; null where none is. A logarithm is exact to the bit far beyond 2047. #}
{% macro highest_bit(bits) -%}
    cast(floor(log2(nullif({{ bits }}, 0))) as integer)
{%- endmacro %}
