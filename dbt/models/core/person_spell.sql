{# A view: nine in ten persons have one spell, which needs no ordering and is not copied. #}
{{ config(materialized='view') }}

with intervals as (
    select * from {{ ref('person_interval') }}
),

counting as (
    select
        *,
        coalesce(
            load_id = lag(load_id) over earlier
            and source_row = lag(source_row) over earlier
            and is_history = lag(is_history) over earlier
            and begin_date = lag(end_date) over earlier + interval 1 day,
            false
        ) as is_continued
    from intervals
    where rank_number = 1
    window earlier as (partition by file_person_key order by begin_date)
),

-- The same spell counts on: one stretch, whatever else was open beside it for a while.
stretches as (
    select
        *,
        sum(case when is_continued then 0 else 1 end) over (
            partition by file_person_key order by begin_date
        ) as spell_number
    from counting
),

ordered as (
    select
        file_person_key,
        cast(spell_number as integer) as spell_number,
        scheme,
        insured_region,
        min(begin_date) as begin_date,
        max(end_date) as end_date,
        load_id,
        source_row,
        is_history
    from stretches
    group by file_person_key, spell_number, scheme, insured_region, load_id, source_row, is_history
),

alone as (
    select
        persons.natural_person_key as file_person_key,
        1 as spell_number,
        spells.scheme,
        spells.insured_region,
        spells.spell_begin_date as begin_date,
        spells.spell_end_date as end_date,
        spells.load_id,
        spells.source_row,
        spells.is_history
    from {{ ref('fct_enrolment') }} as spells
    inner join {{ ref('dim_person') }} as persons on spells.person_key = persons.person_key
    where
        spells.is_counted_scheme
        and spells.spell_end_date >= spells.spell_begin_date
        and persons.natural_person_key not in (select intervals.file_person_key from intervals)
        and persons.person_key not in (select shared_numbers.person_key from {{ ref('person_merge') }} as shared_numbers)
),

final as (
    select * from ordered
    union all
    select * from alone
)

select * from final
