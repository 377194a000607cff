{# Which settlements make a stay, whatever months they lie in, and what they add up to. It reads narrow columns of all
   settlements of stays in every run: months before and after a corrected one may give a stay another beginning, another
   discharge or another end. #}

-- Looked at three times, so only what is asked for: rows of stays lie in memory here.
with settlements as (
    select
        load_id,
        source_row,
        province,
        settlement_month,
        settlement_date,
        begin_date,
        end_date,
        end_month,
        create_month,
        person_key,
        travel_class,
        care_group,
        clearing_method,
        settlement_kind,
        reversal_class,
        settlement_id,
        encounter_id,
        institution_code,
        total_fee_yuan,
        fund_pay_yuan,
        pool_pay_yuan,
        assistance_pay_yuan
    from {{ ref('stay_settlement') }}
),

group_results as (
    select * from {{ ref('fct_group_result') }}
),

keyed as (
    {{ stay_groups('settlements') }}
),

results as (
    select
        keyed.load_id,
        keyed.source_row,
        group_results.is_disease_paid,
        group_results.run_rank
    from keyed
    inner join group_results on keyed.settlement_id = group_results.settlement_id
),

stays as (
    select
        keyed.province,
        keyed.stay_group,
        keyed.bed_kind,
        max(case when keyed.can_discharge then concat_ws(
            '|', cast(keyed.settlement_date as varchar), cast(keyed.end_date as varchar), keyed.settlement_id
        ) end) as discharge_mark,
        min(case when keyed.settlement_kind <> 'supplementary' then keyed.begin_date end) as begin_date,
        count(*) as settlement_count,
        -- R8, L46: the last of all rows of a stay, by each clock: a supplementary row may come long after the discharge.
        max(keyed.settlement_month) as last_settlement_month,
        max(coalesce(keyed.end_month, keyed.settlement_month)) as last_end_month,
        max(coalesce(keyed.create_month, keyed.settlement_month)) as last_create_month,
        min(keyed.person_key) <> max(keyed.person_key) as has_several_persons,
        {{ value_at_max('results.is_disease_paid', 'results.run_rank * 2 + case when keyed.can_discharge then 1 else 0 end') }} as is_disease_paid,
        sum(keyed.total_fee_yuan) as total_fee_yuan,
        sum(keyed.fund_pay_yuan) as fund_pay_yuan,
        sum(keyed.pool_pay_yuan) as pool_pay_yuan,
        sum(keyed.assistance_pay_yuan) as assistance_pay_yuan
    from keyed
    left join results on keyed.load_id = results.load_id and keyed.source_row = results.source_row
    group by keyed.province, keyed.stay_group, keyed.bed_kind
),

-- R30: all labels come from the discharge settlement, bed-days run from the earliest begin to its end.
discharges as (
    select
        keyed.load_id,
        keyed.source_row,
        keyed.settlement_month as discharge_month,
        keyed.travel_class,
        keyed.clearing_method,
        stays.last_settlement_month,
        stays.last_end_month,
        stays.last_create_month,
        stays.begin_date,
        stays.settlement_count,
        stays.has_several_persons,
        coalesce(stays.is_disease_paid, false) as is_disease_paid,
        -- R7: an end before the begin counts one day under both rules.
        greatest({{ days_between('stays.begin_date', 'keyed.end_date') }}, 1) as bed_days_min1,
        greatest({{ days_between('stays.begin_date', 'keyed.end_date') }} + 1, 1) as bed_days_plus1,
        stays.total_fee_yuan,
        stays.fund_pay_yuan,
        stays.pool_pay_yuan,
        stays.assistance_pay_yuan
    from stays
    inner join keyed
        on
            stays.province = keyed.province
            and stays.stay_group = keyed.stay_group
            and stays.bed_kind = keyed.bed_kind
            and keyed.can_discharge
            and stays.discharge_mark = concat_ws(
                '|', cast(keyed.settlement_date as varchar), cast(keyed.end_date as varchar), keyed.settlement_id
            )
),

final as (
    select
        load_id,
        source_row,
        discharge_month,
        last_settlement_month,
        last_end_month,
        last_create_month,
        begin_date,
        settlement_count,
        has_several_persons,
        is_disease_paid,
        -- L14, R19: treated in the insured's own province, not paid per diem, more than 2 and at most 60 days.
        travel_class in ('local', 'in_province')
        and clearing_method <> 'per_diem'
        and bed_days_min1 > 2
        and bed_days_min1 <= 60 as is_disease_eligible,
        bed_days_min1,
        bed_days_plus1,
        total_fee_yuan,
        fund_pay_yuan,
        pool_pay_yuan,
        assistance_pay_yuan
    from discharges
)

select * from final
