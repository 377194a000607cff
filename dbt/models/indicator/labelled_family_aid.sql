with final as (
    select
        cells.province,
        {{ prefecture_of('cells.insured_region', 'cells.province', 'places') }} as region_code,
        cells.year,
        cells.aid_relation,
        cast(sum(cells.pairs) as bigint) as pairs,
        cast(sum(cells.uses) as bigint) as uses,
        cast(sum(cells.care_yuan) as decimal(24, 2)) as care_yuan,
        cast(sum(cells.premium_yuan) as decimal(24, 2)) as premium_yuan,
        cast(sum(cells.other_yuan) as decimal(24, 2)) as other_yuan
    from {{ ref('cube_family_aid') }} as cells
    {{ join_place('cells.insured_region', 'make_date(cells.year, 12, 31)') }}
    group by all
)

select * from final
