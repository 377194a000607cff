{{ config(materialized='view') }}

with intervals as (
    select * from {{ ref('person_interval') }}
),

final as (
    select
        beside.file_person_key,
        min(beside.begin_date) as begin_date,
        max(beside.end_date) as end_date,
        beside.reason,
        counting.scheme as counting_scheme,
        counting.insured_region as counting_region,
        counting.load_id as counting_load_id,
        counting.source_row as counting_source_row,
        counting.is_history as is_counting_history,
        beside.scheme as other_scheme,
        beside.insured_region as other_region,
        beside.load_id as other_load_id,
        beside.source_row as other_source_row,
        beside.is_history as is_other_history
    from intervals as beside
    inner join intervals as counting
        on
            beside.file_person_key = counting.file_person_key
            and beside.begin_date = counting.begin_date
            and counting.rank_number = 1
    where beside.rank_number > 1
    group by
        beside.file_person_key, beside.reason, counting.scheme, counting.insured_region, counting.load_id,
        counting.source_row, counting.is_history, beside.scheme, beside.insured_region, beside.load_id,
        beside.source_row, beside.is_history
)

select * from final
