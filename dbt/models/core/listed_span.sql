with identities as (
    select
        *,
        is_rural and population_group in {{ rural_low_income_groups() }} as is_rural_low_income
    from {{ ref('person_identity') }}
    -- An identity that a province maps to `other` is on no list of poverty.
    where population_group <> 'other'
),

persons as (
    select
        person_key,
        natural_person_key
    from {{ ref('dim_person') }}
),

-- Every number under which a listed person may have been settled.
recognitions as (
    select
        persons.person_key,
        identities.province,
        identities.identity_id,
        identities.population_group,
        identities.is_rural_low_income,
        identities.valid_from,
        identities.valid_to
    from identities
    inner join persons on identities.natural_person_key = persons.natural_person_key
    union
    select
        person_key,
        province,
        identity_id,
        population_group,
        is_rural_low_income,
        valid_from,
        valid_to
    from identities
    where person_key is not null
),

edges as (
    select
        person_key,
        valid_from as first_day
    from recognitions
    union
    select
        person_key,
        valid_to + 1 as first_day
    from recognitions
    where valid_to < date '9999-12-31'
),

spans as (
    select
        person_key,
        first_day,
        coalesce(lead(first_day) over (partition by person_key order by first_day) - 1, date '9999-12-31') as last_day
    from edges
),

-- Where several hold at a time the one recognised last names the group; between two recognitions none does.
held as (
    select
        spans.person_key,
        spans.first_day,
        spans.last_day,
        recognitions.population_group,
        bool_or(recognitions.is_rural_low_income) over (partition by spans.person_key, spans.first_day) as is_rural_low_income,
        row_number() over (
            partition by spans.person_key, spans.first_day
            order by
                recognitions.valid_from desc, length(recognitions.identity_id) desc, recognitions.identity_id desc, recognitions.province desc
        ) as place
    from spans
    inner join recognitions
        on
            spans.person_key = recognitions.person_key
            and spans.first_day between recognitions.valid_from and recognitions.valid_to
),

final as (
    select
        person_key,
        first_day,
        last_day,
        population_group,
        is_rural_low_income
    from held
    where place = 1
)

select * from final
