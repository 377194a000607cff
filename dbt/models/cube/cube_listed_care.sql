with settlements as (
    select * from {{ ref('fct_listed_settlement') }} where reversal_class = 'live'
),

final as (
    select
        settlement_month as month,
        province,
        insured_region,
        scheme_code,
        provider_kind,
        care_group,
        population_group,
        count(*) filter (where is_visit) as visits,
        cast(sum(assistance_pay_yuan) as decimal(18, 2)) as assistance_pay_yuan
    from settlements
    group by settlement_month, province, insured_region, scheme_code, provider_kind, care_group, population_group
)

select * from final
