{# Which settlements make a stay, whatever months they lie in, and what they add up to. It reads narrow columns of all
   settlements of stays in every run: months before and after a corrected one may give a stay another beginning, another
   discharge or another end. #}

with settlements as (
    select * from {{ ref('stay_settlement') }}
),

group_results as (
    select * from {{ ref('fct_group_result') }}
),

merge_choices as (
    {{ choice_of('stay_merge') }}
),

netting_choices as (
    {{ choice_of('netting') }}
),

-- R1: a flagged original without a delivered mirror counts only where the links alone decide.
stay_rows as (
    select
        settlements.*,
        coalesce(merge_choices.value, 'per_mdtrt') as stay_merge,
        -- Care in a bed, emergency care and home beds never merge with each other.
        case
            when settlements.care_group in ('inpatient', 'maternity_inpatient') then 'inpatient'
            else settlements.care_group
        end as bed_kind
    from settlements
    left join merge_choices
        on settlements.province = merge_choices.province and {{ year_of('settlements.settlement_month') }} = merge_choices.year
    left join netting_choices
        on settlements.province = netting_choices.province and {{ year_of('settlements.settlement_month') }} = netting_choices.year
    where
        settlements.reversal_class = 'live'
        or (settlements.reversal_class = 'flagged_alone' and netting_choices.value = 'link_only')
),

-- gap_merge_<n>: stays of one person in one institution with at most n days between them are one; nothing is read here
-- while no province has chosen it.
gap_rows as (
    select
        load_id,
        source_row,
        person_key,
        institution_code,
        bed_kind,
        province,
        begin_date,
        end_date,
        settlement_id,
        cast(replace(stay_merge, 'gap_merge_', '') as integer) as allowed_gap_days,
        max(end_date) over (
            partition by province, person_key, institution_code, bed_kind
            order by begin_date, end_date, settlement_id
            rows between unbounded preceding and 1 preceding
        ) as latest_end_date
    from stay_rows
    where stay_merge like 'gap_merge_%'
),

gap_islands as (
    select
        load_id,
        source_row,
        sum(
            case
                when latest_end_date is null or {{ days_between('latest_end_date', 'begin_date') }} > allowed_gap_days then 1
                else 0
            end
        ) over (
            partition by province, person_key, institution_code, bed_kind
            order by begin_date, end_date, settlement_id
            rows unbounded preceding
        ) as island
    from gap_rows
),

keyed as (
    select
        stay_rows.*,
        case
            when stay_rows.stay_merge = 'per_settlement' then stay_rows.settlement_id
            when gap_islands.island is not null
                then concat_ws('|', cast(stay_rows.person_key as varchar), stay_rows.institution_code, cast(gap_islands.island as varchar))
            else stay_rows.encounter_id
        end as stay_group,
        -- R8: the discharge settlement is the last row that is neither interim nor supplementary.
        stay_rows.settlement_kind = 'normal'
        or (stay_rows.stay_merge = 'per_settlement' and stay_rows.settlement_kind = 'interim') as can_discharge
    from stay_rows
    left join gap_islands on stay_rows.load_id = gap_islands.load_id and stay_rows.source_row = gap_islands.source_row
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
