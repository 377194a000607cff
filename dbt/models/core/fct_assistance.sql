with settlements as (
    select
        *,
        reversal_class = 'live' and assistance_pay_yuan > 0 as is_payment
    from {{ ref('fct_settlement') }}
    where has_assistance and reversal_class <> 'invalid'
),

-- L2: an encounter counts where its first payment lies; the money of every row counts where the row lies.
final as (
    select
        load_id,
        source_row,
        province,
        settlement_month,
        end_month,
        create_month,
        settlement_date,
        encounter_id,
        insured_region,
        insured_prefecture,
        scheme_code,
        special_person_type,
        provider_kind,
        care_type,
        care_group,
        reversal_class,
        settlement_kind = 'normal' as is_visit,
        assistance_pay_yuan,
        pool_pay_yuan + serious_illness_pay_yuan + assistance_pay_yuan as relief_yuan,
        is_payment,
        is_payment and row_number() over (
            partition by province, encounter_id, is_payment
            order by settlement_date, settlement_id
        ) = 1 as is_first_payment
    from settlements
)

select * from final
