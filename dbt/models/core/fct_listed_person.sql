with identities as (
    select * from {{ ref('person_identity') }}
    where
        is_rural
        and population_group in {{ rural_low_income_groups() }}
),

enrolled as {{ read_by_each() }} (
    select
        reference_year,
        province,
        natural_person_key
    from {{ ref('fct_enrolment_date') }}
),

-- L64: of a year whose enrolment is not known nobody can say who of the list is insured.
reference_years as (
    select distinct
        reference_year,
        province,
        make_date(reference_year, 12, 31) as reference_date
    from enrolled
),

-- A person is counted once, under the identity that was recognised last.
ranked as (
    select
        reference_years.reference_year,
        identities.*,
        row_number() over (
            partition by reference_years.reference_year, identities.natural_person_key
            order by identities.valid_from desc, length(identities.identity_id) desc, identities.identity_id desc
        ) as rank_number
    from identities
    inner join reference_years
        on
            identities.province = reference_years.province
            and reference_years.reference_date between identities.valid_from and identities.valid_to
),

-- Everybody who is insured is looked through once, for the few who are listed.
insured as (
    select distinct
        reference_year,
        natural_person_key
    from enrolled
    where
        (reference_year, natural_person_key) in (
            select
                ranked.reference_year,
                ranked.natural_person_key
            from ranked
        )
),

final as (
    select
        ranked.reference_year,
        ranked.province,
        ranked.natural_person_key,
        ranked.region_code,
        ranked.population_group,
        case when insured.natural_person_key is null then 'not_insured' else 'insured' end as list_cover,
        ranked.load_id,
        ranked.source_row
    from ranked
    left join insured
        on ranked.reference_year = insured.reference_year and ranked.natural_person_key = insured.natural_person_key
    where ranked.rank_number = 1
)

select * from final
