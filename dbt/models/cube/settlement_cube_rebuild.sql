{# Which months the settlement cube writes again. Reads the cube as the last run left it, by name and not by ref, because it
   is built after this model; comes after the fact, which adds months of its own to ops.touched_month. #}
{% set cube = adapter.get_relation(this.database, 'cube', 'cube_settlement') if execute else none %}
-- depends_on: {{ ref('fct_settlement') }}

with touched as (
    select settlement_month from {{ source('ops', 'touched_month') }}
),

clock_choices as (
    {{ choice_of('stat_clock') }}
),

{% if cube -%}
written as (
    select distinct
        province,
        settlement_month,
        stat_clock
    from {{ cube }}
),
{%- else -%}
written as (
    select
        cast(null as varchar) as province,
        settlement_month,
        cast(null as varchar) as stat_clock
    from touched
    where false
),
{%- endif %}

-- Months whose clock is no longer the chosen one.
other_clock as (
    select written.settlement_month
    from written
    left join clock_choices
        on written.province = clock_choices.province and {{ year_of('written.settlement_month') }} = clock_choices.year
    where written.stat_clock <> coalesce(clock_choices.value, 'setl_time')
),

final as (
    select
        settlement_month,
        'touched' as reason
    from touched
    union
    select
        settlement_month,
        'definition' as reason
    from other_clock
)

select * from final
