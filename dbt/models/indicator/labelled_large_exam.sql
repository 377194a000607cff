with labelled as (
    {{ exam_labels(ref('cube_large_exam'), ['exams', 'repeated_exams', 'exam_fee_yuan', 'repeated_fee_yuan']) }}
),

final as (
    select
        province,
        region_code,
        year,
        scheme,
        cast(sum(exams) as bigint) as exams,
        cast(sum(repeated_exams) as bigint) as repeated_exams,
        sum(exam_fee_yuan) as exam_fee_yuan,
        sum(repeated_fee_yuan) as repeated_fee_yuan
    from labelled
    group by province, region_code, year, scheme
)

select * from final
