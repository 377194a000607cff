with cells as (
    select * from {{ ref('cube_enrolment') }}
),

choices as (
    select * from {{ ref('label_choice') }}
),

schemes as (
    select * from {{ ref('scheme_map') }}
),

regions as (
    select * from {{ ref('dim_region') }}
),

labelled as (
    select
        cells.province,
        {{ prefecture_of('cells.insured_region', 'cells.province', 'places') }} as region_code,
        cells.reference_year as year,
        coalesce(schemes.scheme, 'unknown') as scheme,
        {{ member_status_label("coalesce(schemes.scheme, 'unknown')", 'cells.member_status', 'choices') }} as member_status,
        cells.age_group,
        coalesce(cells.sex, 'unknown') as sex,
        coalesce(cells.employer_group, 'unknown') as employer_group,
        cells.persons
    from cells
    inner join choices on cells.province = choices.province and cells.reference_year = choices.year
    left join schemes on cells.scheme_code = schemes.scheme_code
    left join regions as places
        on
            cells.insured_region = places.region_code
            and make_date(cells.reference_year, 12, 31) between places.lookup_from and places.lookup_to
),

final as (
    select
        province,
        region_code,
        year,
        scheme,
        member_status,
        age_group,
        sex,
        employer_group,
        {{ person_group_label('scheme', 'member_status') }} as person_group,
        cast(sum(persons) as bigint) as persons
    from labelled
    group by province, region_code, year, scheme, member_status, age_group, sex, employer_group
)

select * from final
