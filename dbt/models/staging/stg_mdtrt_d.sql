with source as (
    select * from {{ source('raw', 'mdtrt_d') }}
),

superseded as (
    select
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'mdtrt_d'
),

final as (
    select
        source.mdtrt_id,
        source.psn_no,
        nullif(trim(source.insutype), '') as insutype,
        nullif(trim(source.psn_type), '') as psn_type,
        nullif(trim(source.insu_admdvs), '') as insu_admdvs,
        source.fixmedins_code,
        {{ padded_code('source.hosp_lv', 2) }} as hosp_lv,
        nullif(trim(source.fix_blng_admdvs), '') as fix_blng_admdvs,
        nullif(trim(source.pay_loc), '') as pay_loc,
        nullif(trim(source.med_type), '') as med_type,
        source.begntime,
        source.endtime,
        nullif(trim(source.inhosp_stas), '') as inhosp_stas,
        source.ipt_days,
        nullif(trim(source.dscg_maindiag_code), '') as dscg_maindiag_code,
        source.dise_no,
        source.dise_type_code,
        nullif(trim(source.dscg_way), '') as dscg_way,
        source.rloc_type,
        source.ars_year_ipt_flag,
        nullif(trim(source.matn_type), '') as matn_type,
        nullif(trim(source.birctrl_type), '') as birctrl_type,
        source.birctrl_matn_date,
        source.refl_old_mdtrt_id,
        nullif(trim(source.vali_flag), '') as vali_flag,
        source.updt_time,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        not exists (
            select 1 from superseded
            where superseded.load_id = source.load_id and superseded.source_row = source.source_row
        ) as is_current
    from source
)

select * from final
