with registry as (
    select * from {{ ref('stg_fixmedins_b') }} where is_current
),

-- Two registrations that begin on one day: the later moment counts.
days as (
    select
        fixmedins_code,
        cast(begntime as date) as valid_from,
        max(begntime) as begntime
    from registry
    group by fixmedins_code, cast(begntime as date)
),

periods as (
    select
        registry.*,
        days.valid_from,
        {{ open_end('registry.endtime') }} as closed_on,
        lead(days.valid_from) over (partition by days.fixmedins_code order by days.valid_from) as next_from
    from registry
    inner join days on registry.fixmedins_code = days.fixmedins_code and registry.begntime = days.begntime
),

final as (
    select
        fixmedins_code as institution_code,
        fixmedins_name as institution_name,
        case
            when left(fixmedins_code, 1) = 'P' then 'pharmacy'
            when left(fixmedins_code, 1) = 'H' then 'hospital'
            when fixmedins_type = '2' then 'pharmacy'
            when fixmedins_type = '1' then 'hospital'
            else 'unknown'
        end as provider_kind,
        fix_blng_admdvs as region_code,
        hosp_lv,
        lmtpric_hosp_lv,
        dedc_hosp_lv,
        out_onln_open_type as network_code,
        valid_from,
        -- A period ends where the next one begins, so that a date never finds two.
        least(closed_on, coalesce(next_from - 1, date '9999-12-31')) as valid_to,
        load_id,
        source_row
    from periods
)

select * from final
