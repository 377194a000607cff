with exceptions as (
    select * from {{ ref('working_day') }}
),

provinces as (
    select distinct province from {{ source('ops', 'definition_choice') }}
),

-- The calendar is known for the years of which the State Council's notice is listed.
known_years as (
    select
        min(year(day)) as first_year,
        max(year(day)) as last_year
    from exceptions
),

days as (
    {{ days_of_years('known_years', 'first_year', 'last_year') }}
),

judged as (
    select
        provinces.province,
        days.day,
        coalesce(provincial.is_working, everywhere.is_working, {{ is_weekday('days.day') }}) as is_working
    from days
    cross join provinces
    left join exceptions as everywhere on everywhere.province = '100000' and days.day = everywhere.day
    left join exceptions as provincial on provinces.province = provincial.province and days.day = provincial.day
),

-- The running number makes the working days between two dates a difference.
final as (
    select
        province,
        day,
        is_working,
        cast(sum(case when is_working then 1 else 0 end) over (partition by province order by day) as integer) as working_day_number
    from judged
)

select * from final
