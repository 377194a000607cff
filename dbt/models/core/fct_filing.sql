with filings as (
    select * from {{ ref('stg_out_appy_d') }}
    where is_current and vali_flag = '1'
),

ways as (
    select
        code,
        rollup
    from {{ ref('code_set') }}
    where set_name = 'out_onln_way'
),

reasons as (
    select
        code,
        rollup
    from {{ ref('code_set') }}
    where set_name = 'rloc_rea'
),

-- A filing is counted when it was made, whatever it is valid for; its goal may be a province or any place in one.
final as (
    select
        {{ month_number('filings.crte_time') }} as month,
        filings.province,
        filings.insu_admdvs as insured_region,
        coalesce(filings.insutype, 'none') as scheme_code,
        case
            when filings.rloc_admdvs is null then 'unknown'
            when left(filings.rloc_admdvs, 2) <> left(filings.insu_admdvs, 2) then 'cross_province'
            else 'in_province'
        end as travel_class,
        case
            when filings.out_onln_way is null then 'not_told'
            else coalesce(ways.rollup, 'unknown')
        end as filing_way,
        coalesce(reasons.rollup = 'referral', false) as is_referral,
        {{ uuid_to_key('filings.psn_no') }} as person_key,
        filings.rloc_admdvs as goal_region,
        cast(filings.begndate as date) as begin_date,
        {{ open_end('filings.enddate') }} as end_date,
        filings.load_id,
        filings.source_row
    from filings
    left join ways on filings.out_onln_way = ways.code
    left join reasons on filings.rloc_rea = reasons.code
)

select * from final
