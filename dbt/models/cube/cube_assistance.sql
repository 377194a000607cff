with assistance as (
    select * from {{ ref('fct_assistance') }}
),

final as (
    select
        settlement_month as month,
        province,
        insured_region,
        scheme_code,
        special_person_type,
        provider_kind,
        care_type,
        care_group,
        count(*) filter (where is_first_payment) as encounters,
        count(*) filter (where is_payment) as payments,
        cast(sum(assistance_pay_yuan) as decimal(18, 2)) as assistance_pay_yuan
    from assistance
    group by settlement_month, province, insured_region, scheme_code, special_person_type, provider_kind, care_type, care_group
)

{{ as_text('final', [
    'province',
    'insured_region',
    'scheme_code',
    'special_person_type',
    'provider_kind',
    'care_type',
    'care_group',
]) }}
