-- Sixteen columns of the fact and no more: after one corrected month the others are to stay closed to whole rows.
with listed as (
    select * from {{ ref('listed_span') }}
),

settlements as (
    select
        load_id,
        source_row,
        province,
        settlement_date,
        end_month,
        create_month,
        person_key,
        insured_region,
        scheme_code,
        provider_kind,
        care_group,
        reversal_class,
        settlement_kind = 'normal' as is_visit,
        assistance_pay_yuan,
        pool_pay_yuan + serious_illness_pay_yuan + assistance_pay_yuan as relief_yuan
    from {{ ref('fct_settlement') }}
    where reversal_class <> 'invalid' and provider_kind <> 'pharmacy'
),

-- L66, L67: those who are listed are held against everybody's settlements once; their days do not overlap, so nothing comes twice.
final as (
    select
        settlements.load_id,
        settlements.source_row,
        settlements.province,
        {{ month_number('settlements.settlement_date') }} as settlement_month,
        settlements.end_month,
        settlements.create_month,
        settlements.insured_region,
        settlements.scheme_code,
        settlements.provider_kind,
        settlements.care_group,
        settlements.reversal_class,
        settlements.is_visit,
        settlements.assistance_pay_yuan,
        settlements.relief_yuan,
        listed.population_group,
        listed.is_rural_low_income
    from settlements
    inner join listed
        on
            settlements.person_key = listed.person_key
            and settlements.settlement_date between listed.first_day and listed.last_day
)

{{ as_text('final', ['province', 'insured_region', 'scheme_code', 'provider_kind', 'care_group', 'reversal_class']) }}
