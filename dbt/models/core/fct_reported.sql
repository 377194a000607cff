with returns as (
    select * from {{ ref('stg_adm_return') }} where is_current
),

newest as (
    select
        period,
        admdvs,
        indicator_id,
        measure_kind,
        max(as_of) as as_of
    from returns
    group by period, admdvs, indicator_id, measure_kind
),

final as (
    select
        returns.period,
        cast(left(returns.period, 4) as integer) as year,
        returns.province,
        returns.admdvs as region_code,
        returns.indicator_id,
        returns.measure_kind,
        returns.value,
        returns.unit,
        returns.return_dept as department,
        returns.as_of as as_of_date,
        returns.load_id,
        returns.source_row
    from returns
    inner join newest
        on
            returns.period = newest.period
            and returns.admdvs = newest.admdvs
            and returns.indicator_id = newest.indicator_id
            and returns.measure_kind = newest.measure_kind
            and returns.as_of = newest.as_of
)

select * from final
