with results as (
    select * from {{ ref('stg_drg_dip_group_result') }} where is_current
),

-- The later run wins; a year-end run comes after all month runs.
ranked as (
    select
        *,
        case
            when upper(right(run_id, 2)) = 'YE' then 10000000 + coalesce(try_cast(left(run_id, 4) as integer), 0)
            else coalesce(try_cast(run_id as integer), 0)
        end as run_rank
    from results
),

newest as (
    select
        setl_id,
        max(run_rank) as run_rank
    from ranked
    group by setl_id
),

final as (
    select
        ranked.setl_id as settlement_id,
        ranked.mdtrt_id as encounter_id,
        ranked.province,
        ranked.run_id,
        ranked.run_rank,
        ranked.grp_ver as grouping_version,
        ranked.pay_kind as payment_kind,
        ranked.drg_code,
        ranked.dip_code,
        ranked.rw_or_score as weight_or_score,
        ranked.pay_std as standard_payment_yuan,
        ranked.fund_pay_by_group as group_fund_pay_yuan,
        ranked.case_kind,
        -- L14: an ungrouped stay is eligible and not paid by disease.
        ranked.pay_kind in ('DRG', 'DIP') and ranked.case_kind <> '未入组' as is_disease_paid,
        ranked.load_id,
        ranked.source_row
    from ranked
    inner join newest on ranked.setl_id = newest.setl_id and ranked.run_rank = newest.run_rank
)

select * from final
