{% set mapped = mapped_codes() %}

with source as (
    select * from {{ source('raw', 'drg_dip_group_result') }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'drg_dip_group_result'
),

final as (
    select
        source.setl_id,
        source.run_id,
        source.mdtrt_id,
        source.fixmedins_code,
        {{ mapped_code(mapped, 'grp_ver', 'drg_version') }} as grp_ver,
        source.pay_kind,
        {{ mapped_code(mapped, 'mdc', 'drg_mdc') }} as mdc,
        source.adrg,
        source.drg_code,
        source.drg_name,
        source.dip_code,
        source.rw_or_score,
        source.rate_or_pointvalue,
        source.pay_std,
        source.case_kind,
        source.fund_pay_by_group,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        superseded.load_id is null as is_current
    from source
    left join superseded on source.load_id = superseded.load_id and source.source_row = superseded.source_row
)

select * from final
