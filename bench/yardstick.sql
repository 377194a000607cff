-- The yardstick: what a good engineer would write in a day, for the same engine, to get the 64 headline indicators from the
-- landed files and nothing else. The product is measured against it (`make bench`).
--
-- Same as the product: the files, the tables and columns that reach raw, their types, the pseudonyms (HMAC-SHA-256 cut to 128
-- bits), the numbers (a test compares numerator, denominator and value of every headline indicator for the province and its
-- prefectures).
-- Not here: rules, quarantine, row versions kept for later, trace, breakdowns, months, definitions to choose from, checks,
-- documents. What the numbers need of these stands in its simplest form: broken settlements are left out, the newest
-- version of a row is taken, reversed settlements do not count, settlements of one stay are one stay.
--
-- `yardstick.py` runs the sections one after the other and takes their time. Before, it sets the variables used here: the
-- files of registered persons, the file of the code sets, and the two pads of the key.

-- section: intake
-- Covers: reading every landed file of all extracts, typing every column that the product keeps, pseudonyms of all persons and
-- certificates, and writing Parquet. Here stand the macros and the persons; after them `typed.py` runs, for each table,
--
--     copy (
--         select <each column as its type> from read_parquet(<files>) left join known_person using (psn_no)
--         union all by name
--         select <each column as its type> from read_csv(<files>) left join known_person using (psn_no)
--         where <every cell is whole>
--     ) to <folder>;
--     create view <table> as from read_parquet(<folder>);

create macro pseudonym(identifier) as cast(left(sha256(
    getvariable('outer_pad') || unhex(sha256(getvariable('inner_pad') || encode(identifier)))
), 32) as uuid);

-- Certificates of 15 digits are raised to 18 characters (GB 11643), so that one person has one pseudonym.
create macro check_character(digits) as substr('10X98765432', cast(list_sum([
    weight * cast(substr(digits, place, 1) as integer) for weight, place in [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
]) % 11 as integer) + 1, 1);
create macro raised(digits) as digits || check_character(digits);
create macro certificate(kind, number) as case
    when kind = '01' and regexp_full_match(number, '[0-9]{15}') then raised(left(number, 6) || '19' || substr(number, 7))
    else upper(number)
end;

-- Hashing is dear: once a registered person, not once a row. Whoever is not registered is hashed where met.
create temp table known_person as
select psn_no, pseudonym(psn_no) as person
from (select distinct psn_no from read_parquet(getvariable('registered_persons')) where psn_no is not null) as registered;

-- section: model
-- Covers: leaving out broken settlements, newest versions, reversals, stays, assistance encounters, who was insured, labels,
-- sums by region, indicators. Definitions are the national defaults and Guizhou's own, as constants.

drop table known_person;

create table code as
select set_name, code, rollup
from read_csv(getvariable('code_sets'), all_varchar = true)
where scope not in ('local pattern', 'quarantine') and not (set_name = 'med_type' and rollup = 'by_province');

-- A region directly below a province is a prefecture-level region; the others belong to their parent.
create table region as
with delivered as (
    select distinct admdvs as region_code, prnt_admdvs as parent_code
    from admdvs_dim_a
)
select
    region.region_code,
    case
        when region.parent_code like '__0000' then region.region_code
        when parent.parent_code like '__0000' then region.parent_code
        else left(region.region_code, 4) || '00'
    end as prefecture_code
from delivered as region
left join delivered as parent on region.parent_code = parent.region_code
where region.region_code not like '__0000';

-- Identifiers of settlements and encounters only have to find each other, so their 64-bit hashes do: in 10^8 of them two
-- collide once in some thousand provinces.
create table settlement as
select
    hash(setl_id) as settlement_key,
    case when init_setl_id is not null then hash(init_setl_id) end as original_key,
    hash(mdtrt_id) as encounter_key,
    insutype,
    insu_admdvs,
    coalesce(fix_blng_admdvs, substr(fixmedins_code, 2, 6)) as treatment_region,
    left(fixmedins_code, 1) = 'P' as is_pharmacy,
    hosp_lv,
    med_type,
    pay_loc,
    clr_way,
    begndate,
    enddate,
    setl_time,
    updt_time,
    setl_type is not distinct from '3' as is_supplementary,
    mid_setl_flag is not distinct from '1' as is_interim,
    refd_setl_flag = '1' as is_flagged,
    vali_flag = '1' as is_valid,
    medfee_sumamt,
    fulamt_ownpay_amt,
    inscp_amt,
    fund_pay_sumamt,
    maf_pay,
    acct_mulaid_pay,
    cash_payamt
from setl_d
where
    setl_id is not null
    and psn_no is not null
    and setl_time is not null
    and begndate is not null
    and hi_agre_sumfee is not null
    and act_pay_dedc is not null
    and cash_payamt is not null
    and abs(medfee_sumamt - fulamt_ownpay_amt - overlmt_selfpay - preselfpay_amt - inscp_amt) <= 0.01
    and abs(
        fund_pay_sumamt - hifp_pay - cvlserv_pay - hifes_pay - hifmi_pay - hifob_pay - hifdm_pay - maf_pay - othfund_pay
    ) <= 0.01
    and abs(medfee_sumamt - fund_pay_sumamt - psn_pay - coalesce(ownpay_hosp_part, 0)) <= 0.01
    and med_type in (select code from code where set_name = 'med_type')
    and (insutype is null or insutype in (select code from code where set_name = 'insutype'))
    and (pay_loc is null or pay_loc in (select code from code where set_name = 'pay_loc'))
    and refd_setl_flag in ('0', '1')
    and (fix_blng_admdvs is null or fix_blng_admdvs in (select region_code from region));

-- One row a person and delivery; pseudonyms of numbers and certificates only have to find each other, too.
create table person as
select hash(psn_no) as person_key, hash(certno) as certificate_key, updt_time
from psn_info_b
where psn_no is not null;

-- Tables of millions are kept in the file, packed; temporary ones lie in memory as they are.
create table spell as
select
    psn_insu_rlts_id, hash(psn_insu_rlts_id) as spell_key, hash(psn_no) as person_key, emp_no, insutype, crt_insu_date, paus_insu_date, insutype_retr_flag,
    insu_admdvs, updt_time, is_former
from (
    select *, false as is_former from psn_insu_d
    union all by name
    select *, true as is_former from psn_insu_his_d
) as spells;

-- Only regular payments that were made and not taken back make anybody insured.
create temp view contribution as
select
    hash(psn_insu_rlts_id) as spell_key,
    cast(accrym_begn as integer) as accrual_from,
    cast(accrym_end as integer) as accrual_to,
    cast(clct_time as date) as arrived_on
from (
    select * from staf_psn_clct_detl_d
    union all by name
    select * from rsdt_psn_clct_detl_d
) as contributions
where clct_type = '10' and clct_flag = '1' and revs_flag = 'Z';

create temp view ledger as
select
    cast(ym as integer) as month, poolarea_no, admdvs, insutype, fund_type, item_code, dirc,
    amt * case unit when '万元' then 10000 else 1 end as amount, as_of
from fund_ledger_m;

-- Of several deliveries of one settlement the newest counts; only the few that came more than once are compared.
create temp table outdated as
select row_number from (
    select
        settlement.rowid as row_number,
        row_number() over (partition by settlement_key order by updt_time desc) as place
    from settlement
    where settlement_key in (select settlement_key from settlement group by settlement_key having count(*) > 1)
) as repeated
where place > 1;

-- Reversals are found by their links. A reversal that was itself reversed does not undo anything.
create temp table mirror as
select settlement_key, original_key
from settlement
anti join outdated on settlement.rowid = outdated.row_number
where is_valid and original_key is not null;

create temp table undone as
select original_key as settlement_key
from mirror
where settlement_key not in (select original_key from mirror);

-- A flagged settlement whose reversal was never delivered does not count either.
create temp table not_counted as
select row_number from outdated
union
select rowid as row_number
from settlement
where
    not is_valid
    or original_key is not null
    or settlement_key in (select settlement_key from undone)
    or (is_flagged and settlement_key not in (select original_key from mirror));

-- What counts, by codes, so that labels are looked up a cell and not a row. The pooling area is the province from December
-- 2024 on; treatment elsewhere in the province is out of area before.
create temp table cell as
select
    cast(year(setl_time) as integer) as year,
    setl_time >= timestamp '2024-12-01' as is_pooled_by_province,
    insu_admdvs,
    treatment_region,
    insutype,
    med_type,
    is_pharmacy,
    hosp_lv,
    count(*) filter (not is_supplementary) as visits,
    sum(medfee_sumamt) as total_fee,
    sum(fulamt_ownpay_amt) as full_own_pay,
    sum(inscp_amt) as in_scope_fee,
    sum(fund_pay_sumamt) as fund_pay,
    sum(maf_pay) as assistance_pay,
    sum(acct_mulaid_pay) as family_account_pay,
    sum(cash_payamt) as cash_pay
from settlement
anti join not_counted on settlement.rowid = not_counted.row_number
group by all;

create macro scheme_of(insutype) as case
    when insutype in ('310', '510') then 'employee'
    when insutype in ('380', '390', '391') then 'resident'
    else 'unknown'
end;

-- Ungraded institutions belong to primary_and_below, unknown grades to nothing.
create macro tier_of(hosp_lv) as case
    when hosp_lv in ('01', '02', '03', '04') then 'tertiary'
    when hosp_lv in ('05', '06', '07') then 'secondary'
    when hosp_lv in ('08', '09', '10', '11') or hosp_lv is null then 'primary'
    else 'unknown'
end;

-- The provider decides before the care type.
create macro visit_type_of(is_pharmacy, care_group) as case
    when is_pharmacy or care_group = 'pharmacy' then 'pharmacy'
    when care_group in ('ordinary_outpatient', 'emergency') then 'outpatient'
    when care_group = 'chronic_outpatient' then 'chronic'
    when care_group in ('inpatient', 'maternity_inpatient') then 'inpatient'
    else care_group
end;

create macro is_out_of_area(insured_prefecture, treated_prefecture, is_pooled_by_province) as
    left(insured_prefecture, 2) <> left(treated_prefecture, 2)
    or (insured_prefecture <> treated_prefecture and not is_pooled_by_province);

create temp view care_type as
select code as med_type, rollup as care_group from code where set_name = 'med_type';

create temp table settled as
select
    cell.*,
    insured.prefecture_code as region_code,
    scheme_of(insutype) as scheme,
    tier_of(hosp_lv) as tier,
    visit_type_of(is_pharmacy, care_group) as visit_type,
    coalesce(is_out_of_area(insured.prefecture_code, treated.prefecture_code, is_pooled_by_province), false) as is_out_of_area
from cell
left join care_type using (med_type)
left join region as insured on cell.insu_admdvs = insured.region_code
left join region as treated on cell.treatment_region = treated.region_code;

-- The newest grouping run of a settlement says whether its stay was paid by disease.
create temp table paid_by_disease as
select settlement_key, arg_max(is_paid_by_disease, run) as is_paid_by_disease, max(run) as run
from (
    select
        hash(setl_id) as settlement_key,
        replace(run_id, 'YE', '99') as run,
        pay_kind in ('DRG', 'DIP') and case_kind <> '未入组' as is_paid_by_disease
    from drg_dip_group_result
) as grouping_result
group by settlement_key;

-- One row a stay: labels of its last ordinary settlement, days from the earliest begin to its end, money of all its rows.
create temp table stay as
select
    encounter_key,
    arg_max(
        {
            'insu_admdvs': insu_admdvs, 'treatment_region': treatment_region, 'insutype': insutype, 'med_type': med_type,
            'hosp_lv': hosp_lv, 'pay_loc': pay_loc, 'clr_way': clr_way, 'setl_time': setl_time, 'enddate': enddate
        },
        date_diff('day', date '1900-01-01', setl_time) * 100000 + date_diff('day', date '1900-01-01', enddate)
    ) filter (not is_interim and not is_supplementary) as discharge,
    min(begndate) filter (not is_supplementary) as begin_date,
    arg_max(is_paid_by_disease, run) as is_paid_by_disease,
    sum(fund_pay_sumamt - maf_pay) as insurance_pay
from settlement
anti join not_counted on settlement.rowid = not_counted.row_number
inner join care_type using (med_type)
left join paid_by_disease using (settlement_key)
where not is_pharmacy and care_group in ('inpatient', 'maternity_inpatient')
group by encounter_key
having discharge is not null;

create temp table stayed as
select
    cast(year(discharge.setl_time) as integer) as year,
    cast(year(discharge.enddate) as integer) as end_year,
    insured.prefecture_code as region_code,
    scheme_of(discharge.insutype) as scheme,
    tier_of(discharge.hosp_lv) as tier,
    care_group = 'maternity_inpatient' as is_maternity,
    left(discharge.insu_admdvs, 2) <> left(discharge.treatment_region, 2) as is_cross_province,
    coalesce(is_out_of_area(
        insured.prefecture_code, treated.prefecture_code, discharge.setl_time >= timestamp '2024-12-01'
    ), false) as is_out_of_area,
    discharge.pay_loc as payment_place,
    greatest(date_diff('day', begin_date, discharge.enddate), 1) as bed_days,
    coalesce(
        left(insured.prefecture_code, 2) = left(treated.prefecture_code, 2)
        and discharge.clr_way is distinct from '5' and discharge.clr_way is distinct from '50'
        and bed_days > 2 and bed_days <= 60,
        false
    ) as is_eligible,
    coalesce(is_paid_by_disease, false) as is_paid_by_disease,
    insurance_pay
from stay
inner join care_type on discharge.med_type = care_type.med_type
left join region as insured on discharge.insu_admdvs = insured.region_code
left join region as treated on discharge.treatment_region = treated.region_code;

-- Assistance: money of every row where the row lies, the encounter once, where its first payment lies.
create temp table assisted as
select
    cast(year(setl_time) as integer) as year,
    insured.prefecture_code as region_code,
    not is_pharmacy and care_group in ('inpatient', 'maternity_inpatient') as is_inpatient,
    maf_pay,
    maf_pay > 0 and row_number() over (partition by encounter_key, maf_pay > 0 order by setl_time) = 1 as is_first
from settlement
anti join not_counted on settlement.rowid = not_counted.row_number
left join care_type using (med_type)
left join region as insured on settlement.insu_admdvs = insured.region_code
where maf_pay <> 0;

-- Insured on 31 December: an open spell, and retired or paid for that month by then. One person counts once, as employee
-- before resident, then by the latest spell.
create temp table reference_year as
select distinct year from settled
union
select distinct year - 1 from settled;

create temp table outdated_spell as
select row_number from (
    select
        spell.rowid as row_number,
        row_number() over (partition by psn_insu_rlts_id order by updt_time desc) as place
    from spell
    where
        not is_former
        and psn_insu_rlts_id in (
            select psn_insu_rlts_id from spell where not is_former group by psn_insu_rlts_id having count(*) > 1
        )
) as repeated
where place > 1;

create table natural_person as
select person_key, arg_max(certificate_key, updt_time) as natural_key
from person
group by person_key;

create table counted_spell as
select rowid as spell_row, *
from spell
anti join outdated_spell on spell.rowid = outdated_spell.row_number
where not is_former;

insert into counted_spell
select rowid as spell_row, *
from spell
anti join counted_spell using (spell_key, crt_insu_date)
where is_former;

create table paid as
select distinct spell_key, reference_year.year
from contribution
inner join reference_year
    on
        arrived_on <= make_date(reference_year.year, 12, 31)
        and reference_year.year * 100 + 12 between accrual_from and accrual_to;

-- Forty million persons on two dates: what several joins hold at once has to fit in memory, so one step follows another, and
-- the number of a spell is looked up for the few who are found twice.
create table candidate as
select
    reference_year.year,
    coalesce(natural_key, person_key) as natural_key,
    spell_row,
    insu_admdvs,
    scheme_of(insutype) as scheme,
    insutype_retr_flag,
    emp_no
from counted_spell
inner join reference_year
    on
        crt_insu_date <= make_date(reference_year.year, 12, 31)
        and coalesce(paus_insu_date, date '9999-12-31') >= make_date(reference_year.year, 12, 31)
left join paid using (spell_key, year)
left join natural_person using (person_key)
where
    scheme_of(insutype) <> 'unknown'
    and (paid.year is not null or (scheme_of(insutype) = 'employee' and insutype_retr_flag in ('1', '2')));

create temp table repeated as
select year, natural_key from candidate group by year, natural_key having count(*) > 1;

create table insured as
select year, insu_admdvs, scheme, insutype_retr_flag, emp_no
from candidate
anti join repeated using (year, natural_key)
union all
select candidate.year, candidate.insu_admdvs, scheme, candidate.insutype_retr_flag, candidate.emp_no
from candidate
semi join repeated using (year, natural_key)
inner join spell on candidate.spell_row = spell.rowid
qualify row_number() over (
    partition by candidate.year, natural_key
    order by scheme, crt_insu_date desc, length(psn_insu_rlts_id) desc, psn_insu_rlts_id desc
) = 1;

-- Sums by year and region; the province is the sum of its prefecture-level regions.
create macro province() as '520000';

create temp table settlement_sum as
select
    year,
    coalesce(region_code, province()) as region_code,
    sum(visits) filter (scheme = 'employee' and visit_type = 'outpatient') as employee_outpatient_visits,
    sum(visits) filter (scheme = 'resident' and visit_type = 'outpatient') as resident_outpatient_visits,
    sum(visits) filter (scheme = 'employee' and visit_type = 'chronic') as employee_chronic_visits,
    sum(visits) filter (scheme = 'resident' and visit_type = 'chronic') as resident_chronic_visits,
    sum(visits) filter (scheme = 'employee' and visit_type = 'pharmacy') as employee_pharmacy_visits,
    sum(visits) filter (scheme = 'resident' and visit_type = 'pharmacy') as resident_pharmacy_visits,
    sum(visits) filter (visit_type = 'maternity_outpatient') as maternity_outpatient_visits,
    sum(total_fee) filter (scheme = 'employee' and visit_type <> 'unknown') as employee_expense,
    sum(total_fee) filter (scheme = 'resident' and visit_type <> 'unknown') as resident_expense,
    sum(total_fee) filter (scheme = 'employee' and visit_type = 'inpatient') as employee_inpatient_expense,
    sum(total_fee) filter (scheme = 'resident' and visit_type = 'inpatient') as resident_inpatient_expense,
    sum(total_fee) filter (scheme = 'employee' and visit_type = 'inpatient' and tier = 'tertiary') as employee_tertiary_expense,
    sum(total_fee) filter (scheme = 'resident' and visit_type = 'inpatient' and tier = 'tertiary') as resident_tertiary_expense,
    sum(total_fee) filter (scheme = 'employee' and visit_type = 'inpatient' and tier = 'secondary') as employee_secondary_expense,
    sum(total_fee) filter (scheme = 'resident' and visit_type = 'inpatient' and tier = 'secondary') as resident_secondary_expense,
    sum(total_fee) filter (scheme = 'employee' and visit_type = 'inpatient' and tier = 'primary') as employee_primary_expense,
    sum(total_fee) filter (scheme = 'resident' and visit_type = 'inpatient' and tier = 'primary') as resident_primary_expense,
    sum(full_own_pay) filter (scheme = 'employee' and visit_type = 'inpatient') as employee_inpatient_own_pay,
    sum(full_own_pay) filter (scheme = 'resident' and visit_type = 'inpatient') as resident_inpatient_own_pay,
    sum(in_scope_fee) filter (scheme = 'employee' and visit_type = 'inpatient') as employee_inpatient_in_scope,
    sum(in_scope_fee) filter (scheme = 'resident' and visit_type = 'inpatient') as resident_inpatient_in_scope,
    sum(fund_pay - assistance_pay) filter (scheme = 'employee' and visit_type = 'inpatient') as employee_insurance_pay,
    sum(fund_pay - assistance_pay) filter (scheme = 'resident' and visit_type = 'inpatient') as resident_insurance_pay,
    sum(total_fee) filter (visit_type = 'inpatient') as inpatient_expense,
    sum(cash_pay) filter (visit_type = 'inpatient') as inpatient_cash,
    sum(visits) filter (
        is_out_of_area and scheme <> 'unknown' and visit_type in ('outpatient', 'chronic')
    ) as outarea_outpatient_visits,
    sum(total_fee) filter (
        is_out_of_area and scheme <> 'unknown' and visit_type in ('outpatient', 'chronic', 'inpatient')
    ) as outarea_expense,
    sum(family_account_pay) as family_account_pay
from settled
group by grouping sets ((year, region_code), (year));

create temp table stay_sum as
select
    year,
    coalesce(region_code, province()) as region_code,
    count(*) filter (scheme = 'employee') as employee_stays,
    count(*) filter (scheme = 'resident') as resident_stays,
    count(*) filter (scheme = 'employee' and tier = 'tertiary') as employee_tertiary_stays,
    count(*) filter (scheme = 'resident' and tier = 'tertiary') as resident_tertiary_stays,
    count(*) filter (scheme = 'employee' and tier = 'secondary') as employee_secondary_stays,
    count(*) filter (scheme = 'resident' and tier = 'secondary') as resident_secondary_stays,
    count(*) filter (scheme = 'employee' and tier = 'primary') as employee_primary_stays,
    count(*) filter (scheme = 'resident' and tier = 'primary') as resident_primary_stays,
    sum(bed_days) filter (scheme = 'employee') as employee_bed_days,
    sum(bed_days) filter (scheme = 'resident') as resident_bed_days,
    count(*) filter (is_maternity) as maternity_stays,
    count(*) filter (is_out_of_area and scheme <> 'unknown') as outarea_stays,
    count(*) filter (is_eligible) as eligible_stays,
    count(*) filter (is_eligible and is_paid_by_disease) as disease_stays,
    sum(insurance_pay) filter (is_eligible) as eligible_pay,
    sum(insurance_pay) filter (is_eligible and is_paid_by_disease) as disease_pay
from stayed
group by grouping sets ((year, region_code), (year));

create temp table stay_end_sum as
select
    end_year as year,
    coalesce(region_code, province()) as region_code,
    count(*) filter (payment_place = '4') as direct_stays,
    count(*) filter (payment_place in ('1', '4')) as direct_and_manual_stays
from stayed
where is_cross_province
group by grouping sets ((end_year, region_code), (end_year));

create temp table insured_sum as
select
    insured.year,
    coalesce(region.prefecture_code, province()) as region_code,
    count(*) filter (scheme = 'employee') as employees,
    count(*) filter (scheme = 'resident') as residents,
    count(*) filter (scheme = 'employee' and insutype_retr_flag = '0') as active,
    count(*) filter (scheme = 'employee' and insutype_retr_flag in ('1', '2')) as retired,
    count(*) filter (scheme = 'employee' and employer_group.rollup = 'enterprise') as enterprise,
    count(*) filter (scheme = 'employee' and employer_group.rollup = 'government') as government,
    count(*) filter (scheme = 'employee' and employer_group.rollup = 'other') as flexible_other
from insured
left join region on insured.insu_admdvs = region.region_code
left join insu_emp_info_b as employer using (emp_no)
left join code as employer_group on employer_group.set_name = 'emp_type_group' and employer.emp_type = employer_group.code
group by grouping sets ((insured.year, region.prefecture_code), (insured.year));

create temp table assistance_sum as
select
    year,
    coalesce(region_code, province()) as region_code,
    count(*) filter (is_first) as encounters,
    count(*) filter (is_first and is_inpatient) as inpatient_encounters,
    count(*) filter (is_first and not is_inpatient) as outpatient_encounters,
    sum(maf_pay) filter (is_inpatient) as inpatient_pay,
    sum(maf_pay) filter (not is_inpatient) as outpatient_pay
from assisted
group by grouping sets ((year, region_code), (year));

-- The newest statement of a ledger line counts; balances are those of the year's last month.
create temp table ledger_sum as
with newest as (
    select month // 100 as year, scheme_of(insutype) as scheme, *
    from ledger
    qualify row_number() over (partition by month, poolarea_no, insutype, fund_type, item_code order by as_of desc) = 1
),

placed as (
    select
        newest.*,
        region.prefecture_code as region_code,
        month = max(month) filter (item_code = 'BAL') over (partition by year) as is_last_month
    from newest
    left join region on newest.admdvs = region.region_code
)

select
    year,
    coalesce(region_code, province()) as region_code,
    coalesce(sum(amount) filter (scheme = 'employee' and fund_type = '统筹' and dirc = '收入'), 0) as employee_pool_income,
    coalesce(sum(amount) filter (scheme = 'employee' and fund_type = '统筹' and dirc = '支出'), 0) as employee_pool_expenditure,
    coalesce(sum(amount) filter (scheme = 'employee' and fund_type = '个人账户' and dirc = '收入'), 0) as account_income,
    coalesce(sum(amount) filter (scheme = 'employee' and fund_type = '个人账户' and dirc = '支出'), 0) as account_expenditure,
    coalesce(sum(amount) filter (scheme = 'resident' and fund_type = '统筹' and dirc = '收入'), 0) as resident_income,
    coalesce(sum(amount) filter (scheme = 'resident' and fund_type = '统筹' and dirc = '支出'), 0) as resident_expenditure,
    coalesce(sum(amount) filter (
        scheme <> 'unknown' and fund_type = '统筹' and item_code = 'BAL' and is_last_month
    ), 0) as cumulative_balance,
    coalesce(sum(amount) filter (fund_type = '救助' and dirc = '支出'), 0) as assistance_expenditure
from placed
group by grouping sets ((year, region_code), (year));

create temp table allowance_sum as
select
    cast(year(opt_time) as integer) as year,
    coalesce(region.prefecture_code, province()) as region_code,
    count(*) as payments
from matn_alwn_crtf_d as allowance
left join region on allowance.poolarea_no = region.region_code
where vali_flag = '1' and matn_alwn_sumamt > 0
group by grouping sets ((1, region.prefecture_code), (1));

-- A population is given for each region, the province among them.
create temp table population_sum as
select
    cast(year as integer) as year,
    admdvs as region_code,
    coalesce(sum(cast(persons as bigint)) filter (pop_kind in ('应参', 'should_be_enrolled')), 0) as should_be_enrolled
from population_ref
group by all;

-- Every region of the province in every year with settlements, and 0 where nothing was counted; ledger and population stay
-- null where none was given.
create temp table measure as
with counted as (
    select *
    from (
        select distinct prefecture_code as region_code from region where starts_with(prefecture_code, left(province(), 2))
        union
        select province() as region_code
    ) as place
    cross join (select distinct year from settled) as years
    left join settlement_sum using (year, region_code)
    left join stay_sum using (year, region_code)
    left join stay_end_sum using (year, region_code)
    left join insured_sum using (year, region_code)
    left join (select year + 1 as year, region_code, employees as employees_before from insured_sum) as before
        using (year, region_code)
    left join assistance_sum using (year, region_code)
    left join allowance_sum using (year, region_code)
),

filled as (
    select year, region_code, coalesce(columns(* exclude (year, region_code)), 0) as '\0' from counted
)

select * from filled
left join ledger_sum using (year, region_code)
left join population_sum using (year, region_code);

-- One division, at the end.
create macro total(id, amount, unit) as {
    'indicator_id': id,
    'numerator': cast(amount as decimal(28, 2)),
    'denominator': cast(null as decimal(28, 2)),
    'value': cast(amount as double) / unit
};
create macro ratio(id, above, below, scale) as {
    'indicator_id': id,
    'numerator': cast(above as decimal(28, 2)),
    'denominator': cast(below as decimal(28, 2)),
    'value': cast(above * scale as double) / nullif(cast(below as double), 0)
};

create table indicator_value as
with named as (
    select
        *,
        employee_outpatient_visits + employee_chronic_visits + employee_stays
        + case when year >= 2024 then employee_pharmacy_visits else 0 end as employee_visits,
        resident_outpatient_visits + resident_chronic_visits + resident_stays
        + case when year >= 2024 then resident_pharmacy_visits else 0 end as resident_visits,
        employee_pool_income + account_income as employee_income,
        employee_pool_expenditure + account_expenditure as employee_expenditure
    from measure
)

select year, region_code, figure.*
from (
    select year, region_code, unnest([
        total('insured_total', employees + residents, 10000),
        ratio('coverage_rate', employees + residents, should_be_enrolled, 100),
        total('fund_income_total', employee_income + resident_income, 100000000),
        total('fund_expenditure_total', employee_expenditure + resident_expenditure, 100000000),
        total(
            'pool_current_balance_total',
            employee_pool_income - employee_pool_expenditure + resident_income - resident_expenditure,
            100000000
        ),
        total('pool_cumulative_balance_total', cumulative_balance, 100000000),
        ratio('oop_share_inpatient', inpatient_cash, inpatient_expense, 100),
        total('employee_insured', employees, 10000),
        total('employee_active', active, 10000),
        total('employee_retired', retired, 10000),
        total('employee_enterprise', enterprise, 10000),
        total('employee_government', government, 10000),
        total('employee_flexible_other', flexible_other, 10000),
        total('employee_fund_income', employee_income, 100000000),
        total('employee_fund_expenditure', employee_expenditure, 100000000),
        total('employee_pool_current_balance', employee_pool_income - employee_pool_expenditure, 100000000),
        total('employee_benefit_visits', employee_visits, 100000000),
        total('employee_outpatient_visits', employee_outpatient_visits, 100000000),
        total('employee_chronic_outpatient_visits', employee_chronic_visits, 100000000),
        total('employee_inpatient_visits', employee_stays, 100000000),
        total('employee_pharmacy_visits', employee_pharmacy_visits, 100000000),
        total('employee_medical_expense_total', employee_expense, 100000000),
        total('employee_inpatient_expense', employee_inpatient_expense, 100000000),
        ratio('employee_hospitalisation_rate', employee_stays, 0.5 * employees + 0.5 * employees_before, 100),
        ratio('employee_avg_inpatient_cost', employee_inpatient_expense, employee_stays, 1),
        ratio('employee_avg_inpatient_cost_tertiary', employee_tertiary_expense, employee_tertiary_stays, 1),
        ratio('employee_avg_inpatient_cost_secondary', employee_secondary_expense, employee_secondary_stays, 1),
        ratio('employee_avg_inpatient_cost_primary', employee_primary_expense, employee_primary_stays, 1),
        ratio('employee_avg_length_of_stay', employee_bed_days, employee_stays, 1),
        ratio(
            'employee_inpatient_catalog_pay_ratio',
            employee_insurance_pay,
            employee_inpatient_expense - employee_inpatient_own_pay,
            100
        ),
        ratio('employee_actual_pay_ratio', employee_insurance_pay, employee_inpatient_expense, 100),
        ratio('employee_inpatient_scope_pay_ratio', employee_insurance_pay, employee_inpatient_in_scope, 100),
        total('resident_benefit_visits', resident_visits, 100000000),
        total('resident_outpatient_visits', resident_outpatient_visits, 100000000),
        total('resident_chronic_outpatient_visits', resident_chronic_visits, 100000000),
        total('resident_inpatient_visits', resident_stays, 100000000),
        total('resident_pharmacy_visits', resident_pharmacy_visits, 100000000),
        total('resident_medical_expense_total', resident_expense, 100000000),
        total('resident_inpatient_expense', resident_inpatient_expense, 100000000),
        ratio('resident_hospitalisation_rate', resident_stays, residents, 100),
        ratio('resident_avg_inpatient_cost', resident_inpatient_expense, resident_stays, 1),
        ratio('resident_avg_inpatient_cost_tertiary', resident_tertiary_expense, resident_tertiary_stays, 1),
        ratio('resident_avg_inpatient_cost_secondary', resident_secondary_expense, resident_secondary_stays, 1),
        ratio('resident_avg_inpatient_cost_primary', resident_primary_expense, resident_primary_stays, 1),
        ratio('resident_avg_length_of_stay', resident_bed_days, resident_stays, 1),
        ratio(
            'resident_inpatient_catalog_pay_ratio',
            resident_insurance_pay,
            resident_inpatient_expense - resident_inpatient_own_pay,
            100
        ),
        ratio('resident_actual_pay_ratio', resident_insurance_pay, resident_inpatient_expense, 100),
        ratio('resident_inpatient_scope_pay_ratio', resident_insurance_pay, resident_inpatient_in_scope, 100),
        total('resident_insured', residents, 10000),
        total('resident_fund_income', resident_income, 100000000),
        total('resident_fund_expenditure', resident_expenditure, 100000000),
        total('resident_current_balance', resident_income - resident_expenditure, 100000000),
        total('maternity_insured', active, 10000),
        total('maternity_benefit_visits', maternity_stays + maternity_outpatient_visits + payments, 10000),
        total('ma_expenditure', assistance_expenditure, 100000000),
        total('ma_visits', encounters, 10000),
        ratio('ma_avg_inpatient', inpatient_pay, inpatient_encounters, 1),
        ratio('ma_avg_outpatient', outpatient_pay, outpatient_encounters, 1),
        ratio('disease_pay_discharge_share', disease_stays, eligible_stays, 100),
        ratio('disease_pay_fund_share', disease_pay, eligible_pay, 100),
        total('outarea_visits', outarea_outpatient_visits + outarea_stays, 10000),
        total('outarea_expense', outarea_expense, 100000000),
        ratio('xprov_direct_settlement_rate', direct_stays, direct_and_manual_stays, 100),
        total('family_mutual_aid_amount', family_account_pay, 100000000)
    ]) as figure
    from named
) as figures;
