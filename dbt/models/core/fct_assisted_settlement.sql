-- Apart from the assistance that encounters are counted by: reversed and reversing rows stay, for both reversal measures take of these.
with settlements as (
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
        settlement_kind = 'normal' as is_visit,
        pool_pay_yuan + serious_illness_pay_yuan + assistance_pay_yuan as relief_yuan
    from {{ ref('fct_settlement') }}
    where has_assistance and reversal_class <> 'invalid' and provider_kind <> 'pharmacy'
)

select * from settlements
