with source as (
    select * from {{ source('raw', 'fixmedins_b') }}
),

superseded as (
    select
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'fixmedins_b'
),

final as (
    select
        source.fixmedins_code,
        source.fixmedins_name,
        nullif(trim(source.fixmedins_type), '') as fixmedins_type,
        source.uscc,
        nullif(trim(source.fix_blng_admdvs), '') as fix_blng_admdvs,
        {{ padded_code('source.hosp_lv', 2) }} as hosp_lv,
        nullif(trim(source.lmtpric_hosp_lv), '') as lmtpric_hosp_lv,
        nullif(trim(source.dedc_hosp_lv), '') as dedc_hosp_lv,
        source.begntime,
        source.endtime,
        source.fix_onln_open_flag,
        source.out_onln_open_type,
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
