-- L63: a person counts once a year, however often and by whomever the premium was subsidised.
with payments as {{ read_by_each() }} (
    select
        *,
        {{ row_hash(['spell_id']) }} as spell_key
    from {{ ref('fct_contribution') }}
    where is_paid and is_regular and identity_code is not null
),

persons as {{ read_by_each() }} (
    select * from {{ ref('dim_person') }}
),

identities as (
    select * from {{ ref('identity_label') }}
),

resident_schemes as (
    select scheme_code from {{ ref('scheme_map') }}
    where is_enrolment and scheme = 'resident'
),

years as (
    select
        province,
        year
    from {{ source('dictionary', 'statistics_year') }}
    union distinct
    select
        province,
        year - 1 as year
    from {{ source('dictionary', 'statistics_year') }}
),

assistance_rules as (
    select * from {{ source('ops', 'premium_assistance') }}
),

-- The groups whose premium medical assistance pays in a year: those of the newest list that has begun.
assisted_groups as (
    select
        years.province,
        years.year,
        assistance_rules.identity_group
    from years
    inner join assistance_rules on years.province = assistance_rules.province and years.year >= assistance_rules.from_year
    where
        assistance_rules.from_year = (
            select max(newest.from_year) from assistance_rules as newest
            where newest.province = years.province and newest.from_year <= years.year
        )
),

subsidised as (
    select
        years.year as insurance_year,
        payments.province,
        payments.person_key,
        payments.spell_id,
        payments.spell_key,
        payments.arrived_date,
        payments.load_id,
        payments.source_row,
        coalesce(identities.identity_group, 'unknown') as population_group,
        case
            when identities.identity_group is null then 'unknown'
            when assisted_groups.identity_group is not null then 'medical_assistance'
            else 'other_department'
        end as subsidy_source,
        case
            when identities.identity_group is null then 3
            when assisted_groups.identity_group is not null then 1
            else 2
        end as source_rank
    from payments
    inner join resident_schemes on payments.scheme_code = resident_schemes.scheme_code
    inner join years
        on
            payments.province = years.province
            and years.year between floor(payments.accrual_from / 100) and floor(payments.accrual_to / 100)
            and payments.arrived_date <= make_date(cast(years.year as integer), 12, 31)
    left join identities
        on payments.province = identities.province and payments.identity_code = identities.identity_code
    left join assisted_groups
        on
            years.province = assisted_groups.province
            and years.year = assisted_groups.year
            and identities.identity_group = assisted_groups.identity_group
    where coalesce(identities.identity_group, 'unknown') <> 'other'
),

-- Where a relation has several spells, it is insured where the newest is.
regions as (
    select
        {{ row_hash(['spell_id']) }} as spell_key,
        {{ value_at_max('insured_region', 'spell_begin_date') }} as insured_region
    from {{ ref('fct_enrolment') }}
    where is_counted_scheme and {{ row_hash(['spell_id']) }} in (select subsidised.spell_key from subsidised)
    group by {{ row_hash(['spell_id']) }}
),

ranked as (
    select
        subsidised.*,
        persons.natural_person_key,
        row_number() over (
            partition by subsidised.insurance_year, persons.natural_person_key
            order by
                subsidised.source_rank asc,
                subsidised.arrived_date asc,
                length(subsidised.spell_id) asc,
                subsidised.spell_id asc,
                subsidised.population_group asc,
                subsidised.load_id asc,
                subsidised.source_row asc
        ) as rank_number
    from subsidised
    inner join persons on subsidised.person_key = persons.person_key
),

final as (
    select
        cast(ranked.insurance_year as integer) as insurance_year,
        ranked.province,
        ranked.natural_person_key,
        coalesce(cast(regions.insured_region as varchar), left(ranked.province, 2) || '9999') as insured_region,
        ranked.population_group,
        ranked.subsidy_source,
        ranked.load_id,
        ranked.source_row
    from ranked
    left join regions on ranked.spell_key = regions.spell_key
    where ranked.rank_number = 1
)

select * from final
