{# The raw side of the settlement checks: counts, keys, fund split and charge lines a month. Apart from the fact on
   purpose, so that a row lost or doubled on the way shows. #}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{% if is_incremental() %}{{ delete_months(touched_source_months()) }}{% endif %}",
) }}
-- depends_on: {{ ref('fct_settlement') }}
-- depends_on: {{ source('ops', 'touched_source_month') }}
{%- set months = touched_source_months() if is_incremental() else [] %}
{%- set header_amounts = [
    ('det_item_fee_sumamt', 'medfee_sumamt'), ('fulamt_ownpay_amt', 'fulamt_ownpay_amt'),
    ('overlmt_selfpay', 'overlmt_selfpay'), ('preselfpay_amt', 'preselfpay_amt'), ('inscp_amt', 'inscp_amt'),
] %}

with settlements as {{ read_by_each() }} (
    select
        *,
        {{ month_number('setl_time') }} as settlement_month
    from {{ ref('stg_setl_d') }}
    where
        is_current
        {% if is_incremental() -%}
        and {{ time_in_months('setl_time', months) }}
        {%- endif %}
),

fund_parts as (
    select
        setl_id,
        fund_payamt
    from {{ ref('stg_setl_fund_sbit_d') }}
    where is_current
),

charge_lines as (
    select * from {{ ref('stg_fee_list_d') }}
    where is_current and vali_flag = '1' and setl_id is not null
),

account_payments as (
    select
        setl_id,
        pay_sumamt
    from {{ ref('stg_acct_pay_detl_d') }}
    where is_current and vali_flag = '1' and setl_id is not null and mulaid_psn_no is not null
),

counts as (
    select
        settlement_month,
        count(*) as row_count,
        count(distinct {{ row_hash(['setl_id']) }}) as key_count,
        sum(medfee_sumamt) as total_fee_yuan
    from settlements
    group by settlement_month
),

-- I5: header amounts are never summed after joining parts, so parts are added up first; one row a settlement. They find their
-- settlement by a hash of its number: beside a hundred million numbers as text it takes half of the memory, and two numbers of one
-- hash would show as a difference.
split_sums as (
    select
        settlements.settlement_month,
        settlements.fund_pay_sumamt,
        parts.fund_payamt
    from settlements
    inner join (
        select
            {{ row_hash(['setl_id']) }} as settlement_key,
            sum(fund_payamt) as fund_payamt
        from fund_parts
        {% if is_incremental() -%}
        where {{ row_hash(['setl_id']) }} in (select {{ row_hash(['settlements.setl_id']) }} from settlements)
        {%- endif %}
        group by {{ row_hash(['setl_id']) }}
    ) as parts on {{ row_hash(['settlements.setl_id']) }} = parts.settlement_key
),

splits as (
    select
        settlement_month,
        count(*) as split_count,
        count(*) filter (where abs(fund_pay_sumamt - fund_payamt) > 0.01) as split_differs_count,
        sum(abs(fund_pay_sumamt - fund_payamt)) filter (where abs(fund_pay_sumamt - fund_payamt) > 0.01) as split_differs_yuan
    from split_sums
    group by settlement_month
),

-- L69: what accounts of family paid for a settlement, against its header.
family_aid as (
    select
        settlements.settlement_month,
        count(*) as aid_count,
        count(*) filter (where abs(settlements.acct_mulaid_pay - payments.pay_sumamt) > 0.01) as aid_differs_count,
        sum(abs(settlements.acct_mulaid_pay - payments.pay_sumamt)) as aid_differs_yuan
    from settlements
    inner join (
        select
            setl_id,
            sum(pay_sumamt) as pay_sumamt
        from account_payments
        group by setl_id
    ) as payments on settlements.setl_id = payments.setl_id
    group by settlements.settlement_month
),

line_sums as (
    select
        settlements.settlement_month,
        settlements.psn_setlway,
        {%- for line_column, header_column in header_amounts %}
        coalesce(settlements.{{ header_column }}, 0) - lines_of_one.{{ line_column }} as {{ header_column }}_difference{{ ',' if not loop.last }}
        {%- endfor %}
    from settlements
    inner join (
        select
            {{ row_hash(['setl_id']) }} as settlement_key,
            {%- for line_column, header_column in header_amounts %}
            sum(coalesce({{ line_column }}, 0)) as {{ line_column }}{{ ',' if not loop.last }}
            {%- endfor %}
        from charge_lines
        group by {{ row_hash(['setl_id']) }}
    ) as lines_of_one on {{ row_hash(['settlements.setl_id']) }} = lines_of_one.settlement_key
),

-- I6: quota settlements are an allowed exception.
lines as (
    select
        settlement_month,
        count(*) as line_count,
        count(*) filter (where abs(medfee_sumamt_difference) > 0.01
            {%- for line_column, header_column in header_amounts[1:] %}
            or abs({{ header_column }}_difference) > 0.01
            {%- endfor %}
        ) as lines_differ_count,
        sum(abs(medfee_sumamt_difference)) as lines_differ_yuan
    from line_sums
    where psn_setlway is distinct from '02'
    group by settlement_month
),

final as (
    select
        counts.settlement_month,
        counts.row_count,
        counts.key_count,
        counts.total_fee_yuan,
        coalesce(splits.split_count, 0) as split_count,
        coalesce(splits.split_differs_count, 0) as split_differs_count,
        coalesce(splits.split_differs_yuan, 0) as split_differs_yuan,
        coalesce(family_aid.aid_count, 0) as aid_count,
        coalesce(family_aid.aid_differs_count, 0) as aid_differs_count,
        coalesce(family_aid.aid_differs_yuan, 0) as aid_differs_yuan,
        coalesce(lines.line_count, 0) as line_count,
        coalesce(lines.lines_differ_count, 0) as lines_differ_count,
        coalesce(lines.lines_differ_yuan, 0) as lines_differ_yuan
    from counts
    left join splits on counts.settlement_month = splits.settlement_month
    left join family_aid on counts.settlement_month = family_aid.settlement_month
    left join lines on counts.settlement_month = lines.settlement_month
)

select * from final
