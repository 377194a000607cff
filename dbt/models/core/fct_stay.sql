with sums as (
    select * from {{ ref('stay_sum') }}
),

settlements as (
    select * from {{ ref('stay_settlement') }}
),

filings as (
    select * from {{ ref('fct_filing') }}
),

-- L72: a valid filing of the person, for the province of the institution, that holds on the day on which the stay begins.
filed as (
    select distinct
        sums.load_id,
        sums.source_row
    from sums
    inner join settlements on sums.load_id = settlements.load_id and sums.source_row = settlements.source_row
    inner join filings
        on
            settlements.person_key = filings.person_key
            and left(settlements.destination_region, 2) = left(filings.goal_region, 2)
            and sums.begin_date between filings.begin_date and filings.end_date
    where settlements.travel_class = 'cross_province'
),

-- R30: all labels of a stay are those of the settlement that discharges.
final as (
    select
        sums.load_id,
        sums.source_row,
        settlements.province,
        settlements.encounter_id,
        settlements.settlement_id,
        sums.discharge_month,
        sums.last_settlement_month,
        sums.last_end_month,
        sums.last_create_month,
        settlements.end_date,
        settlements.end_month,
        settlements.create_month,
        settlements.person_key,
        settlements.insured_region,
        settlements.travel_class,
        settlements.destination_region,
        settlements.scheme_code,
        settlements.member_status,
        settlements.age_group,
        settlements.care_type,
        settlements.care_group,
        settlements.hosp_lv,
        settlements.dedc_hosp_lv,
        settlements.lmtpric_hosp_lv,
        settlements.registry_hosp_lv,
        settlements.payment_place,
        settlements.clearing_method,
        sums.begin_date,
        sums.settlement_count,
        sums.has_several_persons,
        sums.is_disease_paid,
        sums.is_disease_eligible,
        case
            when settlements.travel_class <> 'cross_province' then 'none'
            when filed.load_id is null then 'not_filed'
            else 'filed'
        end as stay_filing,
        sums.bed_days_min1,
        sums.bed_days_plus1,
        sums.total_fee_yuan,
        sums.fund_pay_yuan,
        sums.pool_pay_yuan,
        sums.assistance_pay_yuan
    from sums
    inner join settlements on sums.load_id = settlements.load_id and sums.source_row = settlements.source_row
    left join filed on sums.load_id = filed.load_id and sums.source_row = filed.source_row
)

select * from final
