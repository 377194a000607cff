with drugs as (
    select * from {{ ref('fct_negotiated_drug') }}
),

clock_choices as (
    {{ choice_of('stat_clock') }}
),

final as (
    select
        drugs.settlement_month,
        {{ month_by_clock('clock_choices.value', 'drugs.settlement_month', 'drugs.end_month', 'drugs.create_month') }} as statistics_month,
        drugs.province,
        drugs.insured_region,
        drugs.scheme_code,
        drugs.reversal_class,
        count(*) as lines,
        count(*) filter (where drugs.is_first_of_drug) as drug_settlements,
        count(*) filter (where drugs.is_first_of_settlement) as settlements
    from drugs
    left join clock_choices
        on drugs.province = clock_choices.province and {{ year_of('drugs.settlement_month') }} = clock_choices.year
    group by
        drugs.settlement_month,
        {{ month_by_clock('clock_choices.value', 'drugs.settlement_month', 'drugs.end_month', 'drugs.create_month') }},
        drugs.province,
        drugs.insured_region,
        drugs.scheme_code,
        drugs.reversal_class
)

select * from final
