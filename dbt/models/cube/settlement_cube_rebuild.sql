{# Which months the settlement cube writes again. Reads the cube as the last run left it; comes after the fact, which adds
   months of its own to ops.touched_month. #}
-- depends_on: {{ ref('fct_settlement') }}

with touched as (
    select settlement_month from {{ source('ops', 'touched_month') }}
),

clock_choices as (
    {{ choice_of('stat_clock') }}
),

written as (
    {{
        left_by_last_run('cube', 'cube_settlement', {
            'province': 'varchar', 'settlement_month': 'integer', 'stat_clock': 'varchar',
        })
    }}
),

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
