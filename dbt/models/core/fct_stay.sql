with sums as (
    select * from {{ ref('stay_sum') }}
),

settlements as (
    select * from {{ ref('stay_settlement') }}
),

filings as (
    select * from {{ ref('fct_filing') }}
),

group_results as (
    select * from {{ ref('fct_group_result') }}
),

capability as (
    select * from {{ source('ops', 'referral_capability') }}
),

regions as (
    select * from {{ ref('dim_region') }}
),

-- L72: a valid filing of the person, for the province of the institution, that holds on the day on which the stay begins.
filed as (
    select
        sums.load_id,
        sums.source_row,
        bool_or(filings.is_referral) as is_referred
    from sums
    inner join settlements on sums.load_id = settlements.load_id and sums.source_row = settlements.source_row
    inner join filings
        on
            settlements.person_key = filings.person_key
            and left(settlements.destination_region, 2) = left(filings.goal_region, 2)
            and sums.begin_date between filings.begin_date and filings.end_date
    where settlements.travel_class in ('in_province', 'cross_province')
    group by sums.load_id, sums.source_row
),

-- From when to when a prefecture has hospitals of a tier.
tiers_of_places as (
    select distinct
        regions.prefecture_code,
        grades.rollup as tier,
        institutions.valid_from,
        institutions.valid_to
    from {{ ref('dim_institution') }} as institutions
    inner join {{ ref('code_set') }} as grades on grades.set_name = 'hosp_lv' and institutions.hosp_lv = grades.code
    inner join regions on institutions.region_code = regions.region_code
    where institutions.provider_kind = 'hospital'
),

-- L88: referred out, and of a disease group that hospitals of a tier which the prefecture has can treat.
treatable_at_home as (
    select distinct
        filed.load_id,
        filed.source_row
    from filed
    inner join settlements on filed.load_id = settlements.load_id and filed.source_row = settlements.source_row
    inner join group_results on settlements.settlement_id = group_results.settlement_id
    inner join capability
        on
            settlements.province = capability.province
            and capability.disease_group in (left(group_results.drg_code, 3), group_results.dip_code)
    inner join regions as homes
        on
            settlements.insured_region = homes.region_code
            and settlements.settlement_date between homes.lookup_from and homes.lookup_to
    inner join tiers_of_places
        on
            homes.prefecture_code = tiers_of_places.prefecture_code
            and capability.tier = tiers_of_places.tier
            and settlements.settlement_date between tiers_of_places.valid_from and tiers_of_places.valid_to
    where filed.is_referred
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
        case
            when not coalesce(filed.is_referred, false) then 'none'
            when treatable_at_home.load_id is not null then 'treatable_at_home'
            else 'not_treatable_at_home'
        end as referral,
        sums.bed_days_min1,
        sums.bed_days_plus1,
        sums.total_fee_yuan,
        sums.fund_pay_yuan,
        sums.pool_pay_yuan,
        sums.assistance_pay_yuan
    from sums
    inner join settlements on sums.load_id = settlements.load_id and sums.source_row = settlements.source_row
    left join filed on sums.load_id = filed.load_id and sums.source_row = filed.source_row
    left join treatable_at_home
        on sums.load_id = treatable_at_home.load_id and sums.source_row = treatable_at_home.source_row
)

select * from final
