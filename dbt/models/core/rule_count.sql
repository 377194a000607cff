{# Counts for the checks of the core stage; thresholds, severities and texts live with the checks. A rule without rows to
   look at has total 0. #}
{%- set settlement_rules = [
    ('unknown_scheme', 'unknown_scheme_count', 'row_count', 'unknown_scheme_yuan'),
    ('outside_schemes', 'outside_scheme_count', 'row_count', 'outside_scheme_yuan'),
    ('person_type_unknown', 'person_type_unknown_count', 'row_count', 'person_type_unknown_yuan'),
    ('pharmacy_code_at_hospital', 'pharmacy_code_count', 'row_count', 'pharmacy_code_yuan'),
    ('inpatient_code_at_pharmacy', 'inpatient_code_count', 'row_count', 'inpatient_code_yuan'),
    ('end_before_begin', 'end_before_begin_count', 'row_count', 'end_before_begin_yuan'),
    ('unknown_tier', 'unknown_tier_count', 'hospital_count', 'unknown_tier_yuan'),
    ('ungraded_outside', 'ungraded_outside_count', 'hospital_count', 'ungraded_outside_yuan'),
    ('unknown_travel_class', 'unknown_travel_count', 'row_count', 'unknown_travel_yuan'),
    ('unknown_care_group', 'unknown_care_count', 'row_count', 'unknown_care_yuan'),
    ('unknown_insured_region', 'unknown_region_count', 'row_count', 'null'),
    ('account_inside', 'account_inside_count', 'family_account_count', 'null'),
    ('account_beside', 'account_beside_count', 'family_account_count', 'null'),
    ('account_position', 'row_count - personal_split_count - account_beside_count', 'row_count', 'null'),
] %}
{#- sqlfluff knows no macro that gives a list, hence the fallback. -#}
{%- set amounts = settlement_amounts() or [('total_fee_yuan', 'medfee_sumamt')] %}

with profile as (
    select * from {{ ref('settlement_profile') }}
),

source_profile as (
    select * from {{ ref('settlement_source_profile') }}
),

link as (
    select * from {{ ref('settlement_link') }}
),

amounts as (
    select * from {{ ref('reversal_amount') }}
),

stays as (
    select * from {{ ref('stay_sum') }}
),

enrolment_rules as (
    select * from {{ ref('enrolment_rule_count') }}
),

ledger as (
    select * from {{ ref('fct_fund_ledger') }}
),

-- One fact row against one fact row, only where a mirror and its original are both there.
mirror_pairs as (
    select
        link.settlement_month,
        link.load_id,
        link.source_row,
        link.original_load_id,
        link.original_source_row
    from link
    where link.is_mirror and link.is_valid and link.original_load_id is not null
),

mirror_sums as (
    select
        mirror_pairs.settlement_month,
        count(*) as pair_count,
        count(*) filter (where
            {%- for name, column in amounts %}
            {{ 'or ' if not loop.first }}mirror.{{ name }} + original.{{ name }} <> 0
            {%- endfor %}
        ) as differs_count,
        sum(abs(mirror.total_fee_yuan + original.total_fee_yuan)) as differs_yuan
    from mirror_pairs
    inner join amounts as mirror
        on mirror_pairs.load_id = mirror.load_id and mirror_pairs.source_row = mirror.source_row
    inner join amounts as original
        on
            mirror_pairs.original_load_id = original.load_id
            and mirror_pairs.original_source_row = original.source_row
    group by mirror_pairs.settlement_month
),

link_sums as (
    select
        settlement_month,
        count(*) filter (where is_valid and is_mirror) as mirror_count,
        count(*) filter (where is_valid and is_mirror and original_load_id is null) as orphan_count,
        count(*) filter (where is_valid and is_flagged and not is_mirror) as flagged_count,
        count(*) filter (where reversal_class = 'flagged_alone') as flagged_alone_count,
        count(*) filter (where is_valid and is_mirror and original_load_id is not null) as paired_count,
        count(*) filter (where is_valid and is_mirror and is_original_flagged) as flagged_original_count,
        count(*) filter (where is_valid and is_mirror and chain_depth is null) as circle_count
    from link
    group by settlement_month
),

month_rules as (
    {%- for rule_id, unexpected, total, money in settlement_rules %}
    select
        '{{ rule_id }}' as rule_id,
        'fct_settlement' as table_name,
        {{ unexpected }} as unexpected,
        {{ total }} as total,
        {{ money }} as money_yuan,
        settlement_month as month
    from profile
    union all
    {%- endfor %}
    select
        'settlement_lost_or_doubled' as rule_id,
        'fct_settlement' as table_name,
        abs(coalesce(source_profile.row_count, 0) - coalesce(profile.row_count, 0)) as unexpected,
        coalesce(source_profile.row_count, 0) as total,
        abs(coalesce(source_profile.total_fee_yuan, 0) - coalesce(profile.total_fee_yuan, 0)) as money_yuan,
        coalesce(source_profile.settlement_month, profile.settlement_month) as month
    from source_profile
    full outer join profile on source_profile.settlement_month = profile.settlement_month
    union all
    select
        'settlement_key_not_unique' as rule_id,
        'fct_settlement' as table_name,
        row_count - key_count as unexpected,
        row_count as total,
        null as money_yuan,
        settlement_month as month
    from source_profile
    union all
    select
        'fund_split_differs' as rule_id,
        'setl_fund_sbit_d' as table_name,
        split_differs_count as unexpected,
        split_count as total,
        split_differs_yuan as money_yuan,
        settlement_month as month
    from source_profile
    union all
    select
        'lines_differ' as rule_id,
        'fee_list_d' as table_name,
        lines_differ_count as unexpected,
        line_count as total,
        lines_differ_yuan as money_yuan,
        settlement_month as month
    from source_profile
    union all
    select
        'family_aid_differs' as rule_id,
        'acct_pay_detl_d' as table_name,
        aid_differs_count as unexpected,
        aid_count as total,
        aid_differs_yuan as money_yuan,
        settlement_month as month
    from source_profile
    union all
    select
        'mirror_without_original' as rule_id,
        'settlement_link' as table_name,
        orphan_count as unexpected,
        mirror_count as total,
        null as money_yuan,
        settlement_month as month
    from link_sums
    union all
    select
        'flagged_without_mirror' as rule_id,
        'settlement_link' as table_name,
        flagged_alone_count as unexpected,
        flagged_count as total,
        null as money_yuan,
        settlement_month as month
    from link_sums
    union all
    -- R1: where originals are not flagged (unexpected above 0), a filter on the flag alone would count reversed rows.
    select
        'reversal_habit' as rule_id,
        'settlement_link' as table_name,
        paired_count - flagged_original_count as unexpected,
        paired_count as total,
        null as money_yuan,
        settlement_month as month
    from link_sums
    union all
    select
        'reversal_in_circle' as rule_id,
        'settlement_link' as table_name,
        circle_count as unexpected,
        mirror_count as total,
        null as money_yuan,
        settlement_month as month
    from link_sums
    union all
    select
        'mirror_amounts_differ' as rule_id,
        'settlement_link' as table_name,
        differs_count as unexpected,
        pair_count as total,
        differs_yuan as money_yuan,
        settlement_month as month
    from mirror_sums
),

stay_rules as (
    select
        'stay_several_persons' as rule_id,
        'fct_stay' as table_name,
        count(*) filter (where has_several_persons) as unexpected,
        count(*) as total,
        sum(total_fee_yuan) filter (where has_several_persons) as money_yuan,
        discharge_month as month
    from stays
    group by discharge_month
),

ledger_months as (
    select
        province,
        region_code,
        scheme_code,
        fund_type,
        month,
        max(case when direction = '结余' and item_code = 'BAL' then amount_yuan end) as balance_yuan,
        coalesce(sum(case when direction = '收入' then amount_yuan end), 0)
        - coalesce(sum(case when direction = '支出' then amount_yuan end), 0)
        + coalesce(sum(case when direction = '结余' and item_code = 'ADJ' then amount_yuan end), 0) as change_yuan
    from ledger
    group by province, region_code, scheme_code, fund_type, month
),

ledger_pairs as (
    select
        later.month,
        later.balance_yuan - earlier.balance_yuan - later.change_yuan as difference_yuan
    from ledger_months as later
    inner join ledger_months as earlier
        on
            later.region_code = earlier.region_code
            and later.scheme_code = earlier.scheme_code
            and later.fund_type = earlier.fund_type
            and case when later.month % 100 = 1 then later.month - 89 else later.month - 1 end = earlier.month
    where later.balance_yuan is not null and earlier.balance_yuan is not null
),

-- I16: closing balance = balance before + income - expenditure + adjustment.
ledger_rules as (
    select
        'ledger_roll_forward' as rule_id,
        count(*) filter (where abs(difference_yuan) > 0.01) as unexpected,
        count(*) as total,
        sum(abs(difference_yuan)) filter (where abs(difference_yuan) > 0.01) as money_yuan,
        month
    from ledger_pairs
    group by month
),

everything as (
    select rule_id, table_name, unexpected, total, money_yuan, month from month_rules
    union all
    select rule_id, table_name, unexpected, total, money_yuan, month from stay_rules
    union all
    select rule_id, table_name, unexpected, total, null as money_yuan, month from enrolment_rules
    union all
    select rule_id, 'fct_fund_ledger' as table_name, unexpected, total, money_yuan, month from ledger_rules
),

final as (
    select
        rule_id,
        table_name,
        cast(unexpected as bigint) as unexpected,
        cast(total as bigint) as total,
        cast(money_yuan as decimal(18, 2)) as money_yuan,
        cast(month as integer) as month
    from everything
)

select * from final
