with settlements as (
    select
        *,
        {{ month_number('setl_time') }} as settlement_month
    from {{ ref('stg_outmed_setl_d') }}
    where is_current
),

codes as (
    select * from {{ ref('code_set') }}
    where set_name = 'med_type' and scope <> 'local pattern'
),

provincial_care_types as (
    select * from {{ source('ops', 'care_type_map') }}
),

institutions as (
    select * from {{ ref('dim_institution') }}
),

-- L71: what was taken back, and what takes back; a mirror that was itself taken back takes nothing back.
mirrors as (
    select
        setl_id,
        init_setl_id
    from settlements
    where init_setl_id is not null and vali_flag = '1'
),

taken_back as (
    select distinct mirrors.init_setl_id as setl_id
    from mirrors
    where not exists (select 1 from mirrors as later where later.init_setl_id = mirrors.setl_id)
),

standing as (
    select settlements.*
    from settlements
    left join taken_back on settlements.setl_id = taken_back.setl_id
    where
        settlements.vali_flag = '1'
        and settlements.refd_setl_flag <> '1'
        and settlements.init_setl_id is null
        and taken_back.setl_id is null
),

grouped as (
    select
        standing.*,
        case left(standing.fixmedins_code, 1) when 'H' then 'hospital' when 'P' then 'pharmacy' else 'unknown' end as provider_kind,
        coalesce(provincial_care_types.care_group, nullif(codes.rollup, 'by_province'), 'unknown') as care_group,
        coalesce(standing.med_type = '1301', false) as is_rescue,
        coalesce(standing.setl_type = '3', false) as is_supplementary,
        coalesce(standing.mid_setl_flag = '1', false) as is_interim
    from standing
    left join codes on standing.med_type = codes.code
    left join provincial_care_types
        on standing.province = provincial_care_types.province and standing.med_type = provincial_care_types.code
),

-- L86: a stay is its encounter and counts where its last settlement that is neither interim nor supplementary stands. Care in a
-- bed, emergency care and home beds never merge with each other.
discharges as (
    select
        load_id,
        source_row,
        row_number() over (
            partition by
                province, coalesce(mdtrt_id, setl_id),
                case when care_group in ('inpatient', 'maternity_inpatient') then 'inpatient' else care_group end
            order by setl_time desc, enddate desc, setl_id desc
        ) as place
    from grouped
    where
        provider_kind = 'hospital'
        and care_group in ('inpatient', 'maternity_inpatient', 'emergency', 'home_bed')
        and not is_supplementary
        and not is_interim
),

counted as (
    select
        grouped.*,
        institutions.hosp_lv as registry_hosp_lv,
        institutions.lmtpric_hosp_lv,
        coalesce(discharges.place = 1, false) as is_discharge
    from grouped
    left join discharges on grouped.load_id = discharges.load_id and grouped.source_row = discharges.source_row
    left join institutions
        on
            grouped.fixmedins_code = institutions.institution_code
            and least(grouped.enddate, cast(grouped.setl_time as date)) between institutions.valid_from and institutions.valid_to
),

final as (
    select
        settlement_month,
        province,
        fix_blng_admdvs as region_code,
        left(insu_admdvs, 2) || '0000' as origin_province,
        coalesce(insutype, 'unknown') as scheme_code,
        provider_kind,
        care_group,
        is_rescue,
        hosp_lv,
        dedc_hosp_lv,
        lmtpric_hosp_lv,
        registry_hosp_lv,
        coalesce(pay_loc, 'unknown') as payment_place,
        count(*) as row_count,
        count(*) filter (where not is_supplementary) as visit_count,
        count(*) filter (where is_discharge) as stay_count,
        cast(sum(medfee_sumamt) as decimal(24, 2)) as total_fee_yuan,
        cast(sum(fund_pay_sumamt) as decimal(24, 2)) as fund_pay_yuan
    from counted
    group by all
)

select * from final
