{% set mapped = mapped_codes() %}

with source as (
    select * from {{ source('raw', 'fixmedins_b') }}
),

superseded as (
    select distinct
        load_id,
        source_row
    from {{ source('ops', 'superseded') }}
    where extract = 'fixmedins_b'
),

final as (
    select
        source.fixmedins_code,
        source.fixmedins_name,
        {{ mapped_code(mapped, 'fixmedins_type') }} as fixmedins_type,
        source.uscc,
        source.fix_blng_admdvs,
        {{ mapped_code(mapped, 'hosp_lv') }} as hosp_lv,
        {{ mapped_code(mapped, 'lmtpric_hosp_lv', 'dedc_hosp_lv') }} as lmtpric_hosp_lv,
        {{ mapped_code(mapped, 'dedc_hosp_lv') }} as dedc_hosp_lv,
        source.begntime,
        source.endtime,
        source.fix_onln_open_flag,
        source.out_onln_open_type,
        source.load_id,
        source.source_file,
        source.source_row,
        source.province,
        superseded.load_id is null as is_current
    from source
    left join superseded on source.load_id = superseded.load_id and source.source_row = superseded.source_row
)

select * from final
