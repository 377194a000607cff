-- What the forms are held against: money by scheme code alone, from the cells as they count, without the labels of the layer (X17).
with choices as (
    select * from {{ ref('label_choice') }}
),

placed as (
    select
        cells.*,
        choices.year,
        {{ prefecture_of('cells.insured_region', 'cells.province', 'places') }} as region_code
    from {{ ref('settlement_cell') }} as cells
    inner join choices on cells.province = choices.province and {{ year_of('cells.statistics_month') }} = choices.year
    {{ join_place('cells.insured_region', first_day_of('cells.statistics_month')) }}
    where
        cells.reversal_class = 'live'
        or choices.reversal_measure = 'ledger'
        or cells.reversal_class = 'flagged_alone' and choices.netting = 'link_only'
),

final as (
    select
        province,
        region_code,
        year,
        statistics_month as month,
        case
            when scheme_code in ('310', '510') then 'employee'
            when scheme_code = '390' then 'resident'
            else 'unknown'
        end as scheme,
        cast(sum(total_fee_yuan) as decimal(24, 2)) as total_fee_yuan
    from placed
    group by all
)

select * from final
