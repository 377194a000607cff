-- The settlement part of the yardstick in SQL that DuckDB, ClickHouse, Spark and PostgreSQL all understand: settlements with
-- whole amounts, the newest version of each, reversed ones left out by their links, added up by codes. No pseudonyms, which
-- not every engine can make; codes are not looked up. `settlement` are the Parquet files, or a table loaded from them.
with delivered as (
    select
        setl_id,
        init_setl_id,
        refd_setl_flag,
        vali_flag,
        setl_type,
        extract(year from setl_time) as settlement_year,
        insu_admdvs,
        coalesce(fix_blng_admdvs, substr(fixmedins_code, 2, 6)) as treatment_region,
        substr(fixmedins_code, 1, 1) as provider,
        insutype,
        med_type,
        hosp_lv,
        medfee_sumamt,
        fulamt_ownpay_amt,
        inscp_amt,
        fund_pay_sumamt,
        maf_pay,
        acct_mulaid_pay,
        cash_payamt,
        row_number() over (partition by setl_id order by updt_time desc) as place
    from settlement
    where
        setl_id is not null
        and abs(medfee_sumamt - fulamt_ownpay_amt - overlmt_selfpay - preselfpay_amt - inscp_amt) <= 0.01
        and abs(
            fund_pay_sumamt - hifp_pay - cvlserv_pay - hifes_pay - hifmi_pay - hifob_pay - hifdm_pay - maf_pay - othfund_pay
        ) <= 0.01
        and abs(medfee_sumamt - fund_pay_sumamt - psn_pay - coalesce(ownpay_hosp_part, 0)) <= 0.01
),

newest as (
    select * from delivered where place = 1
),

mirror as (
    select
        setl_id,
        init_setl_id
    from newest
    where vali_flag = '1' and init_setl_id is not null
),

pointed as (
    select distinct init_setl_id as setl_id from mirror
),

undone as (
    select distinct mirror.init_setl_id as setl_id
    from mirror
    left join pointed on mirror.setl_id = pointed.setl_id
    where pointed.setl_id is null
),

cell as (
    select
        settlement_year,
        insu_admdvs,
        treatment_region,
        provider,
        insutype,
        med_type,
        hosp_lv,
        sum(case when setl_type = '3' then 0 else 1 end) as visits,
        sum(medfee_sumamt) as total_fee,
        sum(fulamt_ownpay_amt) as full_own_pay,
        sum(inscp_amt) as in_scope_fee,
        sum(fund_pay_sumamt) as fund_pay,
        sum(maf_pay) as assistance_pay,
        sum(acct_mulaid_pay) as family_account_pay,
        sum(cash_payamt) as cash_pay
    from newest
    left join undone on newest.setl_id = undone.setl_id
    left join pointed on newest.setl_id = pointed.setl_id
    where
        vali_flag = '1'
        and init_setl_id is null
        and undone.setl_id is null
        and (refd_setl_flag <> '1' or pointed.setl_id is not null)
    group by settlement_year, insu_admdvs, treatment_region, provider, insutype, med_type, hosp_lv
)

select
    count(*) as cells,
    sum(visits) as visits,
    sum(total_fee) as total_fee,
    sum(full_own_pay + in_scope_fee + fund_pay + assistance_pay + family_account_pay + cash_pay) as other_money
from cell
