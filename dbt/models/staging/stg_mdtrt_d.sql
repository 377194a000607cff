{% set mapped = mapped_codes() %}

with source as (
    select * from {{ source('raw', 'mdtrt_d') }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'mdtrt_d'
),

final as (
    select
        source.mdtrt_id,
        source.psn_no,
        {{ mapped_code(mapped, 'insutype') }} as insutype,
        {{ mapped_code(mapped, 'psn_type') }} as psn_type,
        source.insu_admdvs,
        source.fixmedins_code,
        {{ mapped_code(mapped, 'hosp_lv') }} as hosp_lv,
        source.fix_blng_admdvs,
        {{ mapped_code(mapped, 'pay_loc') }} as pay_loc,
        source.med_type,
        source.begntime,
        source.endtime,
        {{ mapped_code(mapped, 'inhosp_stas') }} as inhosp_stas,
        source.ipt_days,
        source.dscg_maindiag_code,
        source.dise_no,
        source.dise_type_code,
        {{ mapped_code(mapped, 'dscg_way') }} as dscg_way,
        source.rloc_type,
        source.ars_year_ipt_flag,
        {{ mapped_code(mapped, 'matn_type') }} as matn_type,
        {{ mapped_code(mapped, 'birctrl_type') }} as birctrl_type,
        source.birctrl_matn_date,
        source.refl_old_mdtrt_id,
        {{ mapped_code(mapped, 'vali_flag') }} as vali_flag,
        source.updt_time,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        superseded.load_id is null as is_current
    from source
    left join superseded on source.load_id = superseded.load_id and source.source_row = superseded.source_row
)

select * from final
