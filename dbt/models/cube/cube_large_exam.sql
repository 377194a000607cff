with exams as (
    select
        exams.*,
        repeated.load_id is not null as is_repeated
    from {{ ref('fct_large_exam') }} as exams
    left join {{ ref('repeated_exam') }} as repeated
        on
            exams.load_id = repeated.load_id
            and exams.source_row = repeated.source_row
            and exams.exam_kind = repeated.exam_kind
),

clock_choices as (
    {{ choice_of('stat_clock') }}
),

final as (
    select
        exams.settlement_month,
        {{ month_by_clock('clock_choices.value', 'exams.settlement_month', 'exams.end_month', 'exams.create_month') }} as statistics_month,
        exams.province,
        exams.insured_region,
        exams.scheme_code,
        count(*) as exams,
        count(*) filter (where exams.is_repeated) as repeated_exams,
        sum(exams.exam_fee_yuan) as exam_fee_yuan,
        coalesce(sum(exams.exam_fee_yuan) filter (where exams.is_repeated), 0) as repeated_fee_yuan
    from exams
    left join clock_choices
        on exams.province = clock_choices.province and {{ year_of('exams.settlement_month') }} = clock_choices.year
    group by
        exams.settlement_month,
        {{ month_by_clock('clock_choices.value', 'exams.settlement_month', 'exams.end_month', 'exams.create_month') }},
        exams.province,
        exams.insured_region,
        exams.scheme_code
)

select * from final
