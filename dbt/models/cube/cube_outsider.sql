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

counted as (
    select
        settlement_month,
        province,
        fix_blng_admdvs as region_code,
        left(insu_admdvs, 2) || '0000' as origin_province,
        insutype as scheme_code,
        case left(fixmedins_code, 1) when 'H' then 'hospital' when 'P' then 'pharmacy' else 'unknown' end as provider_kind,
        med_type,
        coalesce(pay_loc, 'unknown') as payment_place,
        count(*) as visits,
        cast(sum(medfee_sumamt) as decimal(24, 2)) as total_fee_yuan,
        cast(sum(fund_pay_sumamt) as decimal(24, 2)) as fund_pay_yuan
    from standing
    group by all
),

final as (
    select
        counted.settlement_month,
        counted.province,
        counted.region_code,
        counted.origin_province,
        coalesce(counted.scheme_code, 'unknown') as scheme_code,
        counted.provider_kind,
        coalesce(provincial_care_types.care_group, nullif(codes.rollup, 'by_province'), 'unknown') as care_group,
        coalesce(counted.med_type = '1301', false) as is_rescue,
        counted.payment_place,
        cast(sum(counted.visits) as bigint) as visits,
        cast(sum(counted.total_fee_yuan) as decimal(24, 2)) as total_fee_yuan,
        cast(sum(counted.fund_pay_yuan) as decimal(24, 2)) as fund_pay_yuan
    from counted
    left join codes on counted.med_type = codes.code
    left join provincial_care_types
        on counted.province = provincial_care_types.province and counted.med_type = provincial_care_types.code
    group by all
)

select * from final
