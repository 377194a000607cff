{% set mapped = mapped_codes() %}

with source as (
    select * from {{ source('raw', 'insu_emp_info_b') }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'insu_emp_info_b'
),

final as (
    select
        source.emp_no,
        {{ mapped_code(mapped, 'emp_type', 'emp_type_group') }} as emp_type,
        {{ mapped_code(mapped, 'emp_mgt_type') }} as emp_mgt_type,
        source.insu_admdvs,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        superseded.load_id is null as is_current
    from source
    left join superseded on source.load_id = superseded.load_id and source.source_row = superseded.source_row
)

select * from final
