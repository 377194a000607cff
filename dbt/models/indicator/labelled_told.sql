with institutions as (
    {{ network_labels(ref('cube_institution'), ['institutions']) }}
),

payments as (
    select * from {{ ref('labelled_payment') }}
),

returned as (
    select * from {{ ref('labelled_given') }}
    where reported_indicator in ({{ told_items() }})
),

network_items as (
    {{ network_items() }}
),

counted as (
    select
        institutions.province,
        institutions.region_code,
        institutions.year,
        network_items.item,
        case when {{ is_networked('network_items.item', 'institutions.network') }} then institutions.institutions else 0 end as amount,
        institutions.network <> 'not_told' as is_told
    from institutions
    inner join network_items on institutions.provider_kind = network_items.provider_kind
    union all
    select
        province,
        region_code,
        year,
        'prepayment_amount' as item,
        case when payment_kind = 'advance' then paid_yuan else 0 end as amount,
        true as is_told
    from payments
),

-- A registry that names no provider's network says nothing, and neither do payments that were never delivered: then what
-- the departments returned stands.
told as (
    select
        province,
        year,
        item
    from counted
    group by province, year, item
    having bool_or(is_told)
),

of_regions as (
    select
        counted.province,
        counted.region_code,
        counted.year,
        counted.item,
        cast(sum(counted.amount) as decimal(28, 2)) as amount
    from counted
    inner join told on counted.province = told.province and counted.year = told.year and counted.item = told.item
    group by counted.province, counted.region_code, counted.year, counted.item
),

final as (
    select
        province,
        region_code,
        year,
        item as reported_indicator,
        amount,
        false as is_returned
    from of_regions
    union all
    select
        province,
        province as region_code,
        year,
        item as reported_indicator,
        cast(sum(amount) as decimal(28, 2)) as amount,
        false as is_returned
    from of_regions
    group by province, year, item
    union all
    select
        returned.province,
        returned.region_code,
        returned.year,
        returned.reported_indicator,
        returned.amount,
        true as is_returned
    from returned
    left join told
        on returned.province = told.province and returned.year = told.year and returned.reported_indicator = told.item
    where told.item is null
)

select * from final
