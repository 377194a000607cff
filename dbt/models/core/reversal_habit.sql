{# How each source writes its reversals, month by month: whether it flags the row that is reversed or sends the mirror alone
   (R1, R31). The source is the pooling area that settles; a reversal is told in its own month, whenever its original was. #}
with link as (
    select * from {{ ref('settlement_link') }} where is_valid
),

amounts as (
    select * from {{ ref('reversal_amount') }}
),

concerned as (
    select
        link.*,
        amounts.province,
        amounts.insured_prefecture,
        amounts.total_fee_yuan,
        original.settlement_month as original_month
    from link
    inner join amounts on link.load_id = amounts.load_id and link.source_row = amounts.source_row
    left join amounts as original
        on link.original_load_id = original.load_id and link.original_source_row = original.source_row
),

counted as (
    select
        settlement_month,
        province,
        insured_prefecture,
        count(*) filter (where is_mirror) as mirror_count,
        count(*) filter (where is_mirror and original_month = settlement_month) as same_month_count,
        count(*) filter (
            where
                is_mirror and original_month <> settlement_month
                and {{ year_of('original_month') }} = {{ year_of('settlement_month') }}
        ) as other_month_count,
        count(*) filter (
            where is_mirror and {{ year_of('original_month') }} <> {{ year_of('settlement_month') }}
        ) as other_year_count,
        count(*) filter (where is_mirror and original_load_id is not null and is_original_flagged) as pair_flagged_count,
        count(*) filter (where is_mirror and original_load_id is not null and not is_original_flagged) as mirror_only_count,
        count(*) filter (where is_mirror and original_load_id is null) as without_original_count,
        count(*) filter (where is_mirror and chain_depth > 1) as reversal_reversed_count,
        count(*) filter (where reversal_class = 'flagged_alone') as flagged_alone_count,
        cast(coalesce(sum(total_fee_yuan) filter (where is_mirror), 0) as decimal(18, 2)) as mirror_fee_yuan
    from concerned
    group by settlement_month, province, insured_prefecture
),

-- One in twenty of the other kind is a slip; more is a habit of both.
final as (
    select
        *,
        case
            when pair_flagged_count + mirror_only_count = 0 and flagged_alone_count > 0 then 'flag_only'
            when pair_flagged_count + mirror_only_count = 0 then 'none'
            when mirror_only_count * 20 <= pair_flagged_count then 'pair_flagged'
            when pair_flagged_count * 20 <= mirror_only_count then 'mirror_only'
            else 'mixed'
        end as habit
    from counted
    where mirror_count + flagged_alone_count > 0
)

select * from final
