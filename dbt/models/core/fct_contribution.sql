{# A view: the rows are only ever read once a run, by the enrolment of the reference dates, so that copying them would cost
   more than reading them. #}
{{ config(materialized='view') }}

{% set shared_columns %}
        psn_insu_rlts_id,
        psn_no,
        insutype,
        province,
        accrym_begn,
        accrym_end,
        clct_time,
        clct_type,
        clct_flag,
        revs_flag,
        emp_clct_amt,
        psn_clct_amt,
        emp_clct_into_acct_amt,
        finsubs_amt,
        oth_clct_amt,
        clct_sumamt,
        load_id,
        source_row
{% endset %}

with employee_details as (
    select
        {{ shared_columns }},
        cast(null as varchar) as psn_idet_type
    from {{ ref('stg_staf_psn_clct_detl_d') }}
    where is_current
),

resident_details as (
    select
        {{ shared_columns }},
        psn_idet_type
    from {{ ref('stg_rsdt_psn_clct_detl_d') }}
    where is_current
),

details as (
    select * from employee_details
    union all
    select * from resident_details
),

final as (
    select
        psn_insu_rlts_id as spell_id,
        province,
        {{ uuid_to_key('psn_no') }} as person_key,
        insutype as scheme_code,
        cast(accrym_begn as integer) as accrual_from,
        cast(accrym_end as integer) as accrual_to,
        cast(clct_time as date) as arrived_date,
        clct_type = '10' as is_regular,
        clct_flag = '1' and revs_flag = 'Z' as is_paid,
        emp_clct_amt as employer_contribution_yuan,
        psn_clct_amt as personal_contribution_yuan,
        emp_clct_into_acct_amt as into_account_yuan,
        finsubs_amt as fiscal_subsidy_yuan,
        oth_clct_amt as other_contribution_yuan,
        clct_sumamt as contribution_yuan,
        psn_idet_type as identity_code,
        load_id,
        source_row
    from details
)

select * from final
