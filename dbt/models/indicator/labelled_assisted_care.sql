with labelled as (
    {{ netted_labels(ref('cube_assisted_care'), ['visits', 'relief_yuan']) }}
),

final as (
    select
        province,
        region_code,
        year,
        scheme,
        cast(sum(visits * visit_weight) as bigint) as visits,
        cast(sum(relief_yuan * money_weight) as decimal(24, 2)) as relief_yuan
    from labelled
    group by province, region_code, year, scheme
)

select * from final
