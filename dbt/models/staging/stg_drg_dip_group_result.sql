with source as (
    select * from {{ source('raw', 'drg_dip_group_result') }}
),

superseded as (
    select
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
        nullif(trim(source.grp_ver), '') as grp_ver,
        source.pay_kind,
        nullif(trim(source.mdc), '') as mdc,
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
        not exists (
            select 1 from superseded
            where superseded.load_id = source.load_id and superseded.source_row = source.source_row
        ) as is_current
    from source
)

select * from final
