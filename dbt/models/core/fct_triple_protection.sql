with identities as (
    select * from {{ ref('person_identity') }}
    where
        is_rural
        and population_group in {{ rural_low_income_groups() }}
),

persons as (
    select
        person_key,
        natural_person_key
    from {{ ref('dim_person') }}
),

-- Every number under which a listed person may have been settled, with the days on the list.
listed_days as (
    select
        persons.person_key,
        identities.valid_from,
        identities.valid_to
    from identities
    inner join persons on identities.natural_person_key = persons.natural_person_key
    union
    select
        person_key,
        valid_from,
        valid_to
    from identities
    where person_key is not null
),

settlements as (
    select
        load_id,
        source_row,
        province,
        settlement_month,
        end_month,
        create_month,
        settlement_date,
        person_key,
        insured_region,
        scheme_code,
        reversal_class,
        settlement_kind = 'normal' as is_visit,
        pool_pay_yuan + serious_illness_pay_yuan + assistance_pay_yuan as relief_yuan
    from {{ ref('fct_settlement') }}
    where reversal_class <> 'invalid' and provider_kind <> 'pharmacy'
),

-- L66: the few who are listed are held against everybody's settlements once; whoever is recognised twice counts once.
ranked as (
    select
        settlements.*,
        row_number() over (partition by settlements.load_id, settlements.source_row) as place
    from settlements
    inner join listed_days
        on
            settlements.person_key = listed_days.person_key
            and settlements.settlement_date between listed_days.valid_from and listed_days.valid_to
    where settlements.relief_yuan <> 0
),

final as (
    select
        load_id,
        source_row,
        province,
        settlement_month,
        end_month,
        create_month,
        insured_region,
        scheme_code,
        reversal_class,
        is_visit,
        relief_yuan
    from ranked
    where place = 1
)

{{ as_text('final', ['province', 'insured_region', 'scheme_code', 'reversal_class']) }}
