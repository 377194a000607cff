with terms as (
    select * from {{ source('dictionary', 'indicator_term') }}
),

statistics_years as (
    select * from {{ source('dictionary', 'statistics_year') }}
),

choices as (
    select * from {{ source('ops', 'definition_choice') }}
),

given as (
    select * from {{ ref('labelled_given') }}
    where reported_indicator <> 'none'
),

all_years as (
    select distinct
        province,
        year
    from choices
),

-- The newest cumulation that a department has returned under an indicator's own id: the sum goes on from the year after it.
openings as (
    select
        statistics_years.province,
        statistics_years.year,
        given.reported_indicator as indicator_id,
        max(given.year) as opening_year
    from statistics_years
    inner join given on statistics_years.province = given.province and statistics_years.year >= given.year
    group by statistics_years.province, statistics_years.year, given.reported_indicator
),

-- A condition holds by the choice of the target year, also for terms of the years before: comparisons use one definition.
chosen as (
    select
        statistics_years.province,
        statistics_years.year,
        openings.opening_year,
        terms.*
    from terms
    cross join statistics_years
    left join openings
        on
            statistics_years.province = openings.province
            and statistics_years.year = openings.year
            and terms.indicator_id = openings.indicator_id
            and terms.first_year <= openings.opening_year
            and openings.opening_year <= coalesce(terms.last_year, openings.opening_year)
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
),

final as (
    select
        * exclude (lag_years, opening_year),
        year - lag_years as data_year,
        lag_years
    from chosen
    where first_year is null
    union all
    select
        chosen.* exclude (lag_years, opening_year),
        all_years.year as data_year,
        chosen.year - all_years.year as lag_years
    from chosen
    inner join all_years
        on
            chosen.province = all_years.province
            and case
                when chosen.is_opening then chosen.opening_year = all_years.year
                else
                    greatest(chosen.first_year, coalesce(chosen.opening_year + 1, chosen.first_year)) <= all_years.year
                    and least(chosen.year, coalesce(chosen.last_year, chosen.year)) >= all_years.year
            end
    where chosen.first_year is not null
)

select * from final
