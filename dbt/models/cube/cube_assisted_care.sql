-- L67: who was paid assistance stands in for those on the list, as in the reports; pharmacies are left out as there (L66).
with settlements as (
    select * from {{ ref('fct_assisted_settlement') }}
),

clock_choices as (
    {{ choice_of('stat_clock') }}
),

placed as (
    select
        settlements.*,
        {{ month_by_clock(
            'clock_choices.value', 'settlements.settlement_month', 'settlements.end_month', 'settlements.create_month'
        ) }} as statistics_month
    from settlements
    left join clock_choices
        on settlements.province = clock_choices.province and {{ year_of('settlements.settlement_month') }} = clock_choices.year
),

final as (
    select
        settlement_month,
        statistics_month,
        province,
        insured_region,
        scheme_code,
        reversal_class,
        count(*) filter (where is_visit) as visits,
        cast(sum(relief_yuan) as decimal(18, 2)) as relief_yuan
    from placed
    group by settlement_month, statistics_month, province, insured_region, scheme_code, reversal_class
)

{{ as_text('final', ['province', 'insured_region', 'scheme_code', 'reversal_class']) }}
