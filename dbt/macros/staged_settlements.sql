{# Settlements as staging has them, of our own insured (setl_d) or of people insured elsewhere (outmed_setl_d): one list of columns. #}
{% macro staged_settlements(extract) -%}
{% set mapped = mapped_codes() %}

with source as (
    select * from {{ source('raw', extract) }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = '{{ extract }}'
),

final as (
    select
        source.setl_id,
        source.init_setl_id,
        source.mdtrt_id,
        source.psn_no,
        source.psn_insu_rlts_id,
        {{ mapped_code(mapped, 'gend') }} as gend,
        source.brdy,
        source.age,
        {{ mapped_code(mapped, 'insutype') }} as insutype,
        {{ mapped_code(mapped, 'psn_type') }} as psn_type,
        {{ mapped_code(mapped, 'cvlserv_flag') }} as cvlserv_flag,
        source.sp_psn_type,
        source.clct_grde,
        source.flxempe_flag,
        source.nwb_flag,
        source.insu_admdvs,
        source.emp_no,
        {{ mapped_code(mapped, 'emp_type', 'emp_type_group') }} as emp_type,
        {{ mapped_code(mapped, 'pay_loc') }} as pay_loc,
        source.fixmedins_code,
        {{ mapped_code(mapped, 'hosp_lv') }} as hosp_lv,
        source.fix_blng_admdvs,
        {{ mapped_code(mapped, 'dedc_hosp_lv') }} as dedc_hosp_lv,
        source.begndate,
        source.enddate,
        source.setl_time,
        source.med_type,
        {{ mapped_code(mapped, 'setl_type') }} as setl_type,
        {{ mapped_code(mapped, 'clr_type') }} as clr_type,
        {{ mapped_code(mapped, 'clr_way') }} as clr_way,
        source.clr_optins,
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
        {{ mapped_code(mapped, 'refd_setl_flag') }} as refd_setl_flag,
        source.cal_ipt_cnt,
        {{ mapped_code(mapped, 'mid_setl_flag') }} as mid_setl_flag,
        source.year,
        source.dise_no,
        {{ mapped_code(mapped, 'manl_reim_rea') }} as manl_reim_rea,
        {{ mapped_code(mapped, 'out_flag') }} as out_flag,
        source.bydise_setl_payamt,
        source.poolarea_no,
        {{ mapped_code(mapped, 'vali_flag') }} as vali_flag,
        source.rid,
        source.updt_time,
        source.crte_time,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        superseded.load_id is null as is_current
    from source
    left join superseded on source.load_id = superseded.load_id and source.source_row = superseded.source_row
)

select * from final
{%- endmacro %}
