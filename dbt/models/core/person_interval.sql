-- Whoever has one number and one spell needs no ordering: a few in a hundred are left, and no window is opened for the others.
with spells as {{ read_by_each() }} (
    select
        *,
        {{ row_hash(['spell_id']) }} as spell_key
    from {{ ref('fct_enrolment') }}
    where is_counted_scheme and spell_end_date >= spell_begin_date
),

shared_numbers as (
    select * from {{ ref('person_merge') }}
),

provinces as (
    select distinct province from {{ ref('fct_enrolment') }} where is_counted_scheme
),

reference_dates as (
    {{ reference_dates('provinces') }}
),

newest_dates as (
    select
        province,
        max(reference_year) as reference_year,
        {{ value_at_max('insured_dedup', 'reference_year') }} as insured_dedup
    from reference_dates
    group by province
),

several as (
    select person_key
    from spells
    group by person_key
    having count(*) > 1
    union
    select person_key from shared_numbers
),

several_persons as (
    select
        persons.person_key,
        coalesce(shared_numbers.file_person_key, persons.natural_person_key) as file_person_key
    from {{ ref('dim_person') }} as persons
    left join shared_numbers on persons.person_key = shared_numbers.person_key
    where persons.person_key in (select several.person_key from several)
),

ordered as (
    select
        several_persons.file_person_key,
        spells.province,
        spells.spell_id,
        spells.scheme,
        case spells.scheme when 'employee' then 1 else 2 end as scheme_rank,
        spells.enrolment_rank,
        spells.insured_region,
        spells.spell_begin_date,
        spells.spell_end_date,
        spells.load_id,
        spells.source_row,
        spells.is_history
    from spells
    inner join several_persons on spells.person_key = several_persons.person_key
),

edges as (
    select
        file_person_key,
        spell_begin_date as begin_date
    from ordered
    union
    select
        file_person_key,
        cast(spell_end_date + interval 1 day as date) as begin_date
    from ordered
    where spell_end_date < date '9999-12-31'
),

intervals as (
    select
        file_person_key,
        begin_date,
        coalesce(
            cast(lead(begin_date) over (partition by file_person_key order by begin_date) - interval 1 day as date),
            date '9999-12-31'
        ) as end_date
    from edges
),

-- R15 for every stretch of time in which the same spells are open.
ranked as (
    select
        intervals.file_person_key,
        intervals.begin_date,
        intervals.end_date,
        ordered.province,
        ordered.scheme,
        ordered.enrolment_rank,
        ordered.insured_region,
        ordered.spell_begin_date,
        ordered.load_id,
        ordered.source_row,
        ordered.is_history,
        newest_dates.insured_dedup,
        row_number() over (
            partition by intervals.file_person_key, intervals.begin_date
            order by
                case when newest_dates.insured_dedup = 'latest_row' then 1 else ordered.scheme_rank end asc,
                case when newest_dates.insured_dedup = 'latest_row' then 1 else ordered.enrolment_rank end asc,
                ordered.spell_begin_date desc,
                length(ordered.spell_id) desc,
                ordered.spell_id desc,
                ordered.is_history asc
        ) as rank_number
    from intervals
    inner join ordered
        on
            intervals.file_person_key = ordered.file_person_key
            and intervals.begin_date between ordered.spell_begin_date and ordered.spell_end_date
    inner join newest_dates on ordered.province = newest_dates.province
),

final as (
    select
        ranked.file_person_key,
        ranked.begin_date,
        ranked.end_date,
        ranked.province,
        cast(ranked.rank_number as smallint) as rank_number,
        ranked.scheme,
        ranked.insured_region,
        ranked.load_id,
        ranked.source_row,
        ranked.is_history,
        case
            when ranked.rank_number = 1 then 'counts'
            when ranked.insured_dedup <> 'latest_row' and ranked.scheme <> winner.scheme then 'employee_before_resident'
            when ranked.insured_dedup <> 'latest_row' and ranked.enrolment_rank <> winner.enrolment_rank then 'scheme_order'
            when ranked.spell_begin_date <> winner.spell_begin_date then 'later_begin'
            else 'larger_relation'
        end as reason
    from ranked
    inner join ranked as winner
        on
            ranked.file_person_key = winner.file_person_key
            and ranked.begin_date = winner.begin_date
            and winner.rank_number = 1
)

select * from final
