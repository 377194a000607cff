{# Which exams repeat one of another stay or visit (L87). Written whole in every run, because thirty days know no months. #}
-- R15: several numbers of one certificate are one person; only those are looked up.
with exams as (
    select
        exams.*,
        coalesce(several_numbers.natural_person_key, exams.person_key) as natural_person_key
    from {{ ref('fct_large_exam') }} as exams
    left join {{ ref('person_merge') }} as several_numbers on exams.person_key = several_numbers.person_key
    where split_part(exams.exam_kind, '_', 2) <> 'other'
),

-- The second letter of a disease group (CHS-DRG) says whether its stays had an operation: A to J.
operations as (
    select distinct settlement_id
    from {{ ref('fct_group_result') }}
    where substr(drg_code, 2, 1) between 'A' and 'J'
),

-- An image after an operation is a control, and an emergency does not wait for an older one.
repeats as (
    select
        later.load_id,
        later.source_row,
        later.exam_kind,
        earlier.load_id as earlier_load_id,
        earlier.source_row as earlier_source_row,
        concat_ws('|', cast(earlier.exam_date as varchar), earlier.settlement_id) as earlier_mark
    from exams as later
    inner join exams as earlier
        on
            later.province = earlier.province
            and later.natural_person_key = earlier.natural_person_key
            and later.exam_kind = earlier.exam_kind
            and later.encounter_id <> earlier.encounter_id
            and (
                later.exam_date > earlier.exam_date
                or (later.exam_date = earlier.exam_date and later.settlement_id > earlier.settlement_id)
            )
    left join operations on earlier.settlement_id = operations.settlement_id
    where
        {{ days_between('earlier.exam_date', 'later.exam_date') }} <= 30
        and not later.is_emergency
        and operations.settlement_id is null
),

-- Named is the last of the earlier ones.
final as (
    select
        load_id,
        source_row,
        exam_kind,
        {{ value_at_max('earlier_load_id', 'earlier_mark') }} as earlier_load_id,
        {{ value_at_max('earlier_source_row', 'earlier_mark') }} as earlier_source_row
    from repeats
    group by load_id, source_row, exam_kind
)

select * from final
