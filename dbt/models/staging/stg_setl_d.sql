with source as (
    select * from {{ source('raw', 'setl_d') }}
),

superseded as (
    select
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'setl_d'
),

final as (
    select
        source.setl_id,
        nullif(trim(source.init_setl_id), '') as init_setl_id,
        source.mdtrt_id,
        source.psn_no,
        source.psn_insu_rlts_id,
        nullif(trim(source.gend), '') as gend,
        source.brdy,
        source.age,
        nullif(trim(source.insutype), '') as insutype,
        nullif(trim(source.psn_type), '') as psn_type,
        nullif(trim(source.cvlserv_flag), '') as cvlserv_flag,
        source.sp_psn_type,
        source.clct_grde,
        source.flxempe_flag,
        source.nwb_flag,
        nullif(trim(source.insu_admdvs), '') as insu_admdvs,
        nullif(trim(source.emp_no), '') as emp_no,
        nullif(trim(source.emp_type), '') as emp_type,
        nullif(trim(source.pay_loc), '') as pay_loc,
        source.fixmedins_code,
        {{ padded_code('source.hosp_lv', 2) }} as hosp_lv,
        nullif(trim(source.fix_blng_admdvs), '') as fix_blng_admdvs,
        nullif(trim(source.dedc_hosp_lv), '') as dedc_hosp_lv,
        source.begndate,
        source.enddate,
        source.setl_time,
        nullif(trim(source.med_type), '') as med_type,
        nullif(trim(source.setl_type), '') as setl_type,
        nullif(trim(source.clr_type), '') as clr_type,
        nullif(trim(source.clr_way), '') as clr_way,
        nullif(trim(source.clr_optins), '') as clr_optins,
        source.psn_setlway,
        source.medfee_sumamt,
        source.fulamt_ownpay_amt,
        source.overlmt_selfpay,
        source.preselfpay_amt,
        source.inscp_amt,
        source.dedc_std,
        source.crt_dedc,
        source.act_pay_dedc,
        source.hifp_pay,
        source.pool_prop_selfpay,
        source.hi_agre_sumfee,
        source.cvlserv_pay,
        source.hifes_pay,
        source.hifmi_pay,
        source.hifob_pay,
        source.hifdm_pay,
        source.maf_pay,
        source.othfund_pay,
        source.fund_pay_sumamt,
        source.psn_pay,
        source.acct_pay,
        source.acct_mulaid_pay,
        source.cash_payamt,
        source.ownpay_hosp_part,
        source.balc,
        nullif(trim(source.refd_setl_flag), '') as refd_setl_flag,
        nullif(trim(source.cal_ipt_cnt), '') as cal_ipt_cnt,
        nullif(trim(source.mid_setl_flag), '') as mid_setl_flag,
        source.year,
        source.dise_no,
        {{ padded_code('source.manl_reim_rea', 2) }} as manl_reim_rea,
        nullif(trim(source.out_flag), '') as out_flag,
        source.bydise_setl_payamt,
        nullif(trim(source.poolarea_no), '') as poolarea_no,
        nullif(trim(source.vali_flag), '') as vali_flag,
        source.rid,
        source.updt_time,
        source.crte_time,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        not exists (
            select 1 from superseded
            where superseded.load_id = source.load_id and superseded.source_row = source.source_row
        ) as is_current
    from source
)

select * from final
