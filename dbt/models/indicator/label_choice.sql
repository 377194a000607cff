{%- set switches = [
    'reversal_measure', 'netting', 'tier_column', 'unknown_tier', 'emergency_in_inpatient', 'maternity_in_inpatient',
    'maternity_outpatient', 'home_bed', 'pharmacy_overlap', 'person_type_unknown', 'stat_clock', 'stay_year', 'money_year', 'employer_group',
] %}

with statistics_years as (
    select * from {{ source('dictionary', 'statistics_year') }}
),

choices as (
    select * from {{ source('ops', 'definition_choice') }}
),

-- Comparisons look one year back, so the year before each statistics year is labelled too.
wanted_years as (
    select
        province,
        year
    from statistics_years
    union distinct
    select
        province,
        year - 1 as year
    from statistics_years
),

final as (
    select
        wanted_years.province,
        wanted_years.year,
        {%- for switch in switches %}
        max(case when choices.switch = '{{ switch }}' then choices.value end) as {{ switch }}{{ ',' if not loop.last }}
        {%- endfor %}
    from wanted_years
    inner join choices on wanted_years.province = choices.province and wanted_years.year = choices.year
    group by wanted_years.province, wanted_years.year
)

select * from final
