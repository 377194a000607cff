-- L66: of the settlements of listed people those for whom one of the three layers paid.
with final as (
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
    from {{ ref('fct_listed_settlement') }}
    where is_rural_low_income and relief_yuan <> 0
)

select * from final
