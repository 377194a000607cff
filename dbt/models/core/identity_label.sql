with codes as (
    select * from {{ ref('code_set') }}
    where set_name = 'psn_idet_type_group'
),

provincial as (
    select * from {{ source('ops', 'identity_map') }}
),

provinces as (
    select distinct province from {{ source('dictionary', 'statistics_year') }}
),

-- What a province says of a code beats the national list; a code that neither knows has no group.
final as (
    select
        province,
        code as identity_code,
        identity_group
    from provincial
    union all
    select
        provinces.province,
        codes.code as identity_code,
        codes.rollup as identity_group
    from provinces
    cross join codes
    where
        not exists (
            select 1 from provincial
            where provincial.province = provinces.province and provincial.code = codes.code
        )
)

select * from final
