{# L69: whom accounts helped. A holder and a person helped are one pair a year, in the region and relation of their last payment,
   so that pairs add up over regions and relations; a pair to which nothing was left is none. #}
-- R15: several numbers of one certificate are one person; only those are looked up.
with payments as (
    select
        payments.*,
        {{ year_of('payments.month') }} as year,
        coalesce(holders.natural_person_key, payments.holder_key) as natural_holder_key,
        coalesce(helped.natural_person_key, payments.helped_key) as natural_helped_key
    from {{ ref('fct_family_aid') }} as payments
    left join {{ ref('person_merge') }} as holders on payments.holder_key = holders.person_key
    left join {{ ref('person_merge') }} as helped on payments.helped_key = helped.person_key
),

pairs as (
    select
        province,
        year,
        max(concat_ws('|', cast(paid_at as varchar), payment_id, insured_region, aid_relation)) as last_mark,
        count(*) filter (where paid_yuan > 0) - count(*) filter (where paid_yuan < 0) as uses,
        coalesce(sum(paid_yuan) filter (where account_use = 'care'), 0) as care_yuan,
        coalesce(sum(paid_yuan) filter (where account_use = 'premium'), 0) as premium_yuan,
        coalesce(sum(paid_yuan) filter (where account_use not in ('care', 'premium')), 0) as other_yuan
    from payments
    group by province, year, natural_holder_key, natural_helped_key
    having sum(paid_yuan) > 0
),

final as (
    select
        province,
        year,
        split_part(last_mark, '|', 3) as insured_region,
        split_part(last_mark, '|', 4) as aid_relation,
        count(*) as pairs,
        cast(sum(uses) as bigint) as uses,
        cast(sum(care_yuan) as decimal(18, 2)) as care_yuan,
        cast(sum(premium_yuan) as decimal(18, 2)) as premium_yuan,
        cast(sum(other_yuan) as decimal(18, 2)) as other_yuan
    from pairs
    group by province, year, split_part(last_mark, '|', 3), split_part(last_mark, '|', 4)
)

select * from final
