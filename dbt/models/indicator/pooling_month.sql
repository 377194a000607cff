with choices as (
    select * from {{ ref('label_choice') }}
),

regions as (
    select * from {{ ref('dim_region') }}
),

levels as (
    select * from {{ source('ops', 'pooling_level') }}
),

calendar as (
    {%- for month_number in range(1, 13) %}
    {% if not loop.first %}union all
    {% endif -%}
    select {{ month_number }} as month_number
    {%- endfor %}
),

places as (
    select distinct
        province_code,
        region_code
    from regions
    where region_level in ('province', 'prefecture')
),

-- L7: the level in force on the first day of the month; a region's own entry outweighs its province's, that the nation's.
candidates as (
    select
        choices.year * 100 + calendar.month_number as month,
        places.region_code,
        levels.level as pooling_level,
        row_number() over (
            partition by choices.year, calendar.month_number, places.region_code
            order by
                case levels.region_code when places.region_code then 1 when places.province_code then 2 else 3 end,
                levels.valid_from desc
        ) as preference
    from choices
    inner join places on choices.province = places.province_code
    cross join calendar
    inner join levels
        on
            levels.region_code in (places.region_code, places.province_code, '100000')
            and levels.valid_from <= make_date(choices.year, calendar.month_number, 1)
),

final as (
    select
        month,
        region_code,
        pooling_level
    from candidates
    where preference = 1
)

select * from final
