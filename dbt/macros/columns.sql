{# Small expressions that several models share; no engine differences here. #}

{# A date or timestamp as the integer yyyymm. #}
{% macro month_number(column) -%}
    cast(year({{ column }}) * 100 + month({{ column }}) as integer)
{%- endmacro %}

{# Last day of an integer month. #}
{% macro last_day_of(column) -%}
    last_day(make_date(cast(floor({{ column }} / 100) as integer), cast({{ column }} % 100 as integer), 1))
{%- endmacro %}

{# Whole years between a birth month and the month of an event, as one of the three age groups. #}
{% macro age_group(age_years) -%}
    case
        when {{ age_years }} is null then 'unknown'
        when {{ age_years }} < 18 then '0-17'
        when {{ age_years }} < 60 then '18-59'
        else '60+'
    end
{%- endmacro %}

{# Open ends are written in three ways (S14). #}
{% macro open_end(column) -%}
    case
        when {{ column }} is null or {{ column }} >= date '2099-12-31' then date '9999-12-31'
        else cast({{ column }} as date)
    end
{%- endmacro %}

{# The amounts of a settlement: name in core, column of setl_d. One list for fact, cube and the comparison of mirrors. #}
{% macro settlement_amounts() -%}
    {{ return([
        ('total_fee_yuan', 'medfee_sumamt'),
        ('full_own_pay_yuan', 'fulamt_ownpay_amt'),
        ('over_limit_pay_yuan', 'overlmt_selfpay'),
        ('pre_pay_yuan', 'preselfpay_amt'),
        ('in_scope_fee_yuan', 'inscp_amt'),
        ('deductible_yuan', 'act_pay_dedc'),
        ('pool_pay_yuan', 'hifp_pay'),
        ('civil_servant_pay_yuan', 'cvlserv_pay'),
        ('supplementary_pay_yuan', 'hifes_pay'),
        ('serious_illness_pay_yuan', 'hifmi_pay'),
        ('large_amount_pay_yuan', 'hifob_pay'),
        ('disabled_pay_yuan', 'hifdm_pay'),
        ('assistance_pay_yuan', 'maf_pay'),
        ('other_fund_pay_yuan', 'othfund_pay'),
        ('fund_pay_yuan', 'fund_pay_sumamt'),
        ('personal_pay_yuan', 'psn_pay'),
        ('account_pay_yuan', 'acct_pay'),
        ('family_account_pay_yuan', 'acct_mulaid_pay'),
        ('cash_pay_yuan', 'cash_payamt'),
        ('hospital_borne_yuan', 'ownpay_hosp_part'),
    ]) }}
{%- endmacro %}

{# Of those the ones that figures and forms take from settlements of stays. #}
{% macro stay_amounts() -%}
    {{ return([
        'total_fee_yuan', 'full_own_pay_yuan', 'over_limit_pay_yuan', 'pre_pay_yuan', 'in_scope_fee_yuan', 'deductible_yuan',
        'pool_pay_yuan', 'civil_servant_pay_yuan', 'serious_illness_pay_yuan', 'large_amount_pay_yuan', 'assistance_pay_yuan',
        'fund_pay_yuan', 'account_pay_yuan', 'family_account_pay_yuan', 'cash_pay_yuan',
    ]) }}
{%- endmacro %}

{# The year of an integer month. #}
{% macro year_of(column) -%}
    cast(floor({{ column }} / 100) as integer)
{%- endmacro %}
