with settlements as (
    select * from {{ ref('fct_settlement') }} where has_assistance and reversal_class = 'live'
),

-- L2: an encounter counts where its first payment lies; the money of every row counts where the row lies.
final as (
    select
        load_id,
        source_row,
        province,
        settlement_month,
        settlement_date,
        encounter_id,
        insured_region,
        insured_prefecture,
        scheme_code,
        special_person_type,
        provider_kind,
        care_type,
        care_group,
        assistance_pay_yuan,
        assistance_pay_yuan > 0 as is_payment,
        assistance_pay_yuan > 0 and row_number() over (
            partition by province, encounter_id, assistance_pay_yuan > 0
            order by settlement_date, settlement_id
        ) = 1 as is_first_payment
    from settlements
)

select * from final
