with choices as (
    select * from {{ ref('label_choice') }}
),

codes as (
    select * from {{ ref('code_set') }}
),

graded as (
    select
        set_name,
        code,
        rollup as tier
    from codes
    where set_name in ('hosp_lv', 'dedc_hosp_lv') and scope <> 'local pattern'
    union all
    -- R32: no grade given is ungraded, like code 11 and deductible tier 9.
    select
        'hosp_lv' as set_name,
        'none' as code,
        '9' as tier
    union all
    select
        'dedc_hosp_lv' as set_name,
        'none' as code,
        '9' as tier
),

final as (
    select
        choices.province,
        choices.year,
        graded.code as tier_code,
        case graded.tier
            when '3' then 'tertiary'
            when '2' then 'secondary'
            when '1' then 'primary_and_below'
            when '9' then case choices.unknown_tier when 'separate' then 'unknown' else choices.unknown_tier end
            else 'unknown'
        end as hospital_tier
    from choices
    inner join graded
        on graded.set_name = case
            when choices.tier_column in ('hosp_lv', 'registry_at_discharge') then 'hosp_lv' else 'dedc_hosp_lv'
        end
)

select * from final
