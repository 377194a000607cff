with terms as (
    select * from {{ source('dictionary', 'indicator_term') }}
),

statistics_years as (
    select * from {{ source('dictionary', 'statistics_year') }}
),

choices as (
    select * from {{ source('ops', 'definition_choice') }}
),

-- A condition holds by the choice of the target year, also for terms of the year before: comparisons use one definition.
final as (
    select
        statistics_years.province,
        statistics_years.year,
        statistics_years.year - terms.lag_years as data_year,
        terms.*
    from terms
    cross join statistics_years
    left join choices as first_choice
        on
            statistics_years.province = first_choice.province
            and statistics_years.year = first_choice.year
            and terms.switch = first_choice.switch
    left join choices as second_choice
        on
            statistics_years.province = second_choice.province
            and statistics_years.year = second_choice.year
            and terms.second_switch = second_choice.switch
    where
        (terms.switch is null or terms.switch_value = first_choice.value)
        and (terms.second_switch is null or terms.second_switch_value = second_choice.value)
)

select * from final
