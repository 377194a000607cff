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
