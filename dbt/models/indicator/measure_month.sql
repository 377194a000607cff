with settlement as (
    select * from {{ ref('labelled_settlement') }}
    where visits <> 0
),

stay as (
    select * from {{ ref('labelled_stay') }}
),

-- Months are broken down by nothing else, so only the labels that choose cells stay apart.
visits as (
    select
        province,
        region_code,
        year,
        month,
        scheme,
        visit_type,
        visits
    from settlement
    union all
    select
        province,
        region_code,
        year,
        month,
        scheme,
        visit_type,
        stays as visits
    from stay
),

added as (
    select
        province,
        region_code,
        year,
        month,
        scheme,
        visit_type,
        sum(visits) as visits
    from visits
    group by province, region_code, year, month, scheme, visit_type
),

summed as (
    {{ measure_rows('added', [('visit', 'visits', 'visits')], ['scheme', 'visit_type'], 'visits', month='month') }}
),

final as (
    {{ with_provinces('summed') }}
)

select * from final
