-- Spells and their payments find each other by a 64-bit hash of the spell's number: beside forty million numbers as text it takes
-- half of the memory. Two numbers of one hash would show in the rule spell_key_collision.
with spells as {{ read_by_each() }} (
    select
        *,
        {{ row_hash(['spell_id']) }} as spell_key
    from {{ ref('fct_enrolment') }}
    where is_counted_scheme
),

contributions as {{ read_by_each() }} (
    select * from {{ ref('fct_contribution') }}
),

persons as (
    select * from {{ ref('dim_person') }}
),

regions as (
    select * from {{ ref('dim_region') }}
),

provinces as (
    select distinct province from {{ ref('fct_enrolment') }} where is_counted_scheme
),

reference_dates as (
    {{ reference_dates('provinces') }}
),

-- Joined on the spell: the person alone would fan out.
paid_spells as {{ read_by_each() }} (
    select
        {{ row_hash(['contributions.spell_id']) }} as spell_key,
        contributions.province,
        contributions.identity_code,
        reference_dates.reference_year
    from contributions
    inner join reference_dates
        on
            contributions.province = reference_dates.province
            and {{ pays_for('contributions', 'reference_dates') }}
),

-- L21: the identity under which the premium of a date was subsidised, as its payment names it.
identities as (
    select
        spell_key,
        reference_year,
        max(identity_code) as identity_code
    from paid_spells
    where identity_code is not null
    group by spell_key, reference_year
),

-- Where no payment of a year names an identity, the column was not delivered: that says nothing of anybody.
identity_years as (
    select distinct
        province,
        reference_year
    from paid_spells
    where identity_code is not null
),

dates as (
    select
        reference_dates.*,
        identity_years.reference_year is not null as is_identity_delivered
    from reference_dates
    left join identity_years
        on reference_dates.province = identity_years.province and reference_dates.reference_year = identity_years.reference_year
),

-- R11: the state at a past date comes from the spells. The status column is a snapshot and says nothing about it.
-- Kept in memory and read twice, for a province eighty million rows: so no text is among the columns, and what only the few
-- persons found twice need is looked up for them. IN, because DuckDB runs EXISTS over millions at twice the cost.
candidates as (
    select
        dates.reference_year,
        spells.province,
        persons.natural_person_key,
        spells.scheme_code,
        spells.scheme,
        spells.member_status,
        spells.insured_region,
        spells.employer_type,
        spells.employer_group,
        spells.employer_unit,
        spells.fund_mode,
        spells.resident_group,
        spells.is_history,
        spells.load_id,
        spells.source_row,
        {{ as_code('persons.sex', 'sex') }} as sex,
        persons.is_rural_household,
        persons.birth_month,
        persons.is_dead,
        persons.has_person_row,
        -- Null says that nothing is known; 'none' that the payment names nobody's list.
        {{ as_code("
            case
                when spells.scheme <> 'resident' then null
                when identities.identity_code is not null then identities.identity_code
                when dates.is_identity_delivered and not " ~ is_insured_unpaid('spells', 'dates') ~ " then 'none'
            end
        ", 'identity') }} as premium_identity_code
    from spells
    inner join dates
        on
            spells.province = dates.province
            and spells.spell_begin_date <= dates.reference_date
            and spells.spell_end_date >= dates.reference_date
    inner join persons on spells.person_key = persons.person_key
    left join identities
        on spells.spell_key = identities.spell_key and dates.reference_year = identities.reference_year
    where
        {{ is_insured_unpaid('spells', 'dates') }}
        or (spells.spell_key, dates.reference_year) in (
            select
                paid_spells.spell_key,
                paid_spells.reference_year
            from paid_spells
        )
),

-- Only persons who can be found more than once are ranked, so that nearly all of them never meet a window: those of several
-- spells or numbers. The spells say who that is at half of what adding up the candidates costs, and lead to them by the row.
several_numbers as (
    select person_key
    from spells
    group by person_key
    having count(*) > 1
    union
    select person_key from {{ ref('person_merge') }}
),

several_spells as (
    select * from spells
    where person_key in (select several_numbers.person_key from several_numbers)
),

ranked as (
    select
        candidates.reference_year,
        candidates.load_id,
        candidates.source_row,
        candidates.is_history,
        row_number() over (
            partition by
                candidates.reference_year,
                candidates.natural_person_key,
                case
                    when dates.dedup_scope = 'each_area'
                        then coalesce(places.prefecture_code, left(candidates.insured_region, 4) || '00')
                end,
                case when dates.insured_dedup = 'none' then candidates.load_id end,
                case when dates.insured_dedup = 'none' then candidates.source_row end,
                case when dates.insured_dedup = 'none' then candidates.is_history end
            order by
                case when dates.insured_dedup = 'latest_row' or candidates.scheme = 'employee' then 1 else 2 end,
                case when dates.insured_dedup = 'latest_row' then 1 else spells.enrolment_rank end,
                spells.spell_begin_date desc,
                length(spells.spell_id) desc,
                spells.spell_id desc
        ) as rank_number
    from candidates
    inner join several_spells as spells
        on
            candidates.load_id = spells.load_id
            and candidates.source_row = spells.source_row
            and candidates.is_history = spells.is_history
    inner join dates on candidates.province = dates.province and candidates.reference_year = dates.reference_year
    left join regions as places
        on
            candidates.insured_region = places.region_code
            and dates.reference_date between places.lookup_from and places.lookup_to
),

-- R15: the person counts in the row that wins, and only in its area; in the one of each area where the definition says so.
not_counted as (
    select
        reference_year,
        load_id,
        source_row,
        is_history
    from ranked
    where rank_number > 1
),

counted as (
    select
        candidates.*,
        dates.insured_dedup,
        dates.dedup_scope,
        cast(floor((
            (candidates.reference_year - year(candidates.birth_month)) * 12 + 12 - month(candidates.birth_month)
        ) / 12) as integer) as age_years
    from candidates
    inner join dates on candidates.province = dates.province and candidates.reference_year = dates.reference_year
    where (candidates.reference_year, candidates.load_id, candidates.source_row, candidates.is_history) not in (
        select
            not_counted.reference_year,
            not_counted.load_id,
            not_counted.source_row,
            not_counted.is_history
        from not_counted
    )
),

final as (
    select
        cast(reference_year as integer) as reference_year,
        province,
        natural_person_key,
        scheme_code,
        scheme,
        member_status,
        insured_region,
        employer_type,
        employer_group,
        employer_unit,
        fund_mode,
        resident_group,
        -- Asked of employees only: whoever of them has a rural household is a migrant worker.
        case
            when scheme <> 'employee' then 'none'
            when is_rural_household then 'rural'
            when not is_rural_household then 'not_rural'
            else 'unknown'
        end as household,
        premium_identity_code,
        sex,
        {{ age_group('age_years') }} as age_group,
        is_dead,
        has_person_row,
        insured_dedup,
        dedup_scope,
        load_id,
        source_row
    from counted
)

{{ as_codes('final', 'fct_enrolment_date') }}
