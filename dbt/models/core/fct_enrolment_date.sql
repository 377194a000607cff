with spells as (
    select * from {{ ref('fct_enrolment') }} where is_counted_scheme
),

contributions as (
    select * from {{ ref('fct_contribution') }}
),

persons as (
    select * from {{ ref('dim_person') }}
),

regions as (
    select * from {{ ref('dim_region') }}
),

provinces as (
    select distinct province from spells
),

reference_dates as (
    {{ reference_dates('provinces') }}
),

-- R11: the state at a past date comes from the spells. The status column is a snapshot and says nothing about it.
open_spells as (
    select
        spells.*,
        reference_dates.reference_year,
        reference_dates.reference_date,
        reference_dates.insured_dedup,
        reference_dates.dedup_scope,
        {{ is_insured_unpaid('spells', 'reference_dates') }} as is_insured_unpaid
    from spells
    inner join reference_dates
        on
            spells.province = reference_dates.province
            and spells.spell_begin_date <= reference_dates.reference_date
            and spells.spell_end_date >= reference_dates.reference_date
),

-- Joined on the spell: the person alone would fan out.
paid_spells as (
    select
        contributions.spell_id,
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
        spell_id,
        reference_year,
        max(identity_code) as identity_code
    from paid_spells
    where identity_code is not null
    group by spell_id, reference_year
),

-- Where no payment of a year names an identity, the column was not delivered: that says nothing of anybody.
identity_years as (
    select distinct
        province,
        reference_year
    from paid_spells
    where identity_code is not null
),

insured_spells as (
    select * from open_spells
    where is_insured_unpaid
    union all
    select * from open_spells
    where
        not is_insured_unpaid
        and exists (
            select 1 from paid_spells
            where
                paid_spells.spell_id = open_spells.spell_id
                and paid_spells.reference_year = open_spells.reference_year
        )
),

candidates as (
    select
        insured_spells.*,
        persons.natural_person_key,
        persons.sex,
        persons.birth_month,
        persons.is_dead,
        persons.has_person_row
    from insured_spells
    inner join persons on insured_spells.person_key = persons.person_key
),

-- Only persons found more than once are ranked, so that nearly all of them never meet a window.
repeated as (
    select
        reference_year,
        natural_person_key
    from candidates
    group by reference_year, natural_person_key
    having count(*) > 1
),

ranked as (
    select
        candidates.*,
        row_number() over (
            partition by
                candidates.reference_year,
                candidates.natural_person_key,
                case
                    when candidates.dedup_scope = 'each_area'
                        then coalesce(places.prefecture_code, left(candidates.insured_region, 4) || '00')
                end,
                case when candidates.insured_dedup = 'none' then candidates.load_id end,
                case when candidates.insured_dedup = 'none' then candidates.source_row end,
                case when candidates.insured_dedup = 'none' then candidates.is_history end
            order by
                case when candidates.insured_dedup = 'latest_row' or candidates.scheme = 'employee' then 1 else 2 end,
                case when candidates.insured_dedup = 'latest_row' then 1 else candidates.enrolment_rank end,
                candidates.spell_begin_date desc,
                length(candidates.spell_id) desc,
                candidates.spell_id desc
        ) as rank_number
    from candidates
    inner join repeated
        on
            candidates.reference_year = repeated.reference_year
            and candidates.natural_person_key = repeated.natural_person_key
    left join regions as places
        on
            candidates.insured_region = places.region_code
            and candidates.reference_date between places.lookup_from and places.lookup_to
),

-- R15: the person counts in the row that wins, and only in its area; in the one of each area where the definition says so.
counted as (
    select
        *,
        1 as rank_number
    from candidates
    where
        not exists (
            select 1 from repeated
            where
                repeated.reference_year = candidates.reference_year
                and repeated.natural_person_key = candidates.natural_person_key
        )
    union all
    select * from ranked
    where rank_number = 1
),

aged as (
    select
        counted.*,
        cast(floor((
            (counted.reference_year - year(counted.birth_month)) * 12 + 12 - month(counted.birth_month)
        ) / 12) as integer) as age_years,
        -- Null says that nothing is known; 'none' that the payment names nobody's list.
        case
            when counted.scheme <> 'resident' then null
            when identities.identity_code is not null then identities.identity_code
            when identity_years.reference_year is not null and not counted.is_insured_unpaid then 'none'
        end as premium_identity_code
    from counted
    left join identities
        on counted.spell_id = identities.spell_id and counted.reference_year = identities.reference_year
    left join identity_years
        on counted.province = identity_years.province and counted.reference_year = identity_years.reference_year
),

final as (
    select
        cast(reference_year as integer) as reference_year,
        province,
        natural_person_key,
        person_key,
        scheme_code,
        scheme,
        member_status,
        insured_region,
        employer_type,
        employer_group,
        fund_mode,
        premium_identity_code,
        sex,
        {{ age_group('age_years') }} as age_group,
        is_dead,
        has_person_row,
        insured_dedup,
        dedup_scope,
        load_id,
        source_row
    from aged
)

{{ as_codes('final', 'fct_enrolment_date') }}
