with published as (
    select * from {{ ref('published') }}
),

dictionary as (
    select * from {{ source('dictionary', 'indicator_dictionary') }}
),

units as (
    select * from {{ ref('unit') }}
),

final as (
    select
        published.indicator_id,
        published.geography,
        published.year,
        published.vintage,
        cast(published.value as double) as value,
        published.qualifier,
        published.unit,
        cast(published.value as double) * units.factor / dictionary.unit_factor as indicator_value,
        dictionary.unit as indicator_unit,
        published.source,
        published.note,
        cast(published.derived as integer) as derived
    from published
    left join dictionary on published.indicator_id = dictionary.indicator_id
    left join units on published.unit = units.unit
)

select * from final
