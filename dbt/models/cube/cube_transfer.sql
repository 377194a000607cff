with transfers as (
    select * from {{ ref('fct_transfer') }}
),

final as (
    select
        month,
        province,
        region_code,
        direction,
        travel_class,
        protection,
        household,
        count(*) as transfers,
        cast(sum(amount_yuan) as decimal(24, 2)) as amount_yuan
    from transfers
    group by month, province, region_code, direction, travel_class, protection, household
)

select * from final
