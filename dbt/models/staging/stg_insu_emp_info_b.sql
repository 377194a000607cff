with source as (
    select * from {{ source('raw', 'insu_emp_info_b') }}
),

superseded as (
    select
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'insu_emp_info_b'
),

final as (
    select
        nullif(trim(source.emp_no), '') as emp_no,
        nullif(trim(source.emp_type), '') as emp_type,
        {{ padded_code('source.emp_mgt_type', 2) }} as emp_mgt_type,
        nullif(trim(source.insu_admdvs), '') as insu_admdvs,
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
