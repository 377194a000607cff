with choices as (
    select * from {{ ref('label_choice') }}
),

classes as (
    select 'live' as reversal_class
    union all
    select 'reversed' as reversal_class
    union all
    select 'flagged_alone' as reversal_class
    union all
    select 'reversing' as reversal_class
    union all
    select 'restoring' as reversal_class
),

weighed as (
    select
        choices.province,
        choices.year,
        choices.reversal_measure,
        choices.netting,
        classes.reversal_class,
        case
            when choices.reversal_measure = 'ledger' and classes.reversal_class = 'reversing' then -1
            when choices.reversal_measure = 'ledger' then 1
            when classes.reversal_class = 'live' then 1
            -- R1: a flagged row without a delivered mirror counts only where the links alone decide.
            when classes.reversal_class = 'flagged_alone' and choices.netting = 'link_only' then 1
            else 0
        end as visit_weight
    from choices
    cross join classes
),

-- Amounts of a reversing row are negative already, so money is added as it stands.
final as (
    select
        province,
        year,
        reversal_class,
        visit_weight,
        abs(visit_weight) as money_weight,
        -- What is told of persons follows from the rows that stand, in both measures (L36).
        reversal_class = 'live' or reversal_class = 'flagged_alone' and netting = 'link_only' as stands,
        -- L36: stays are put together from the rows that stand and are counted there. As booked, a discharge that was taken back
        -- later was one until then, and is taken back in the month of its mirror.
        case
            when reversal_measure <> 'ledger' or reversal_class = 'live' then 0
            when reversal_class = 'flagged_alone' and netting = 'link_only' then 0
            else visit_weight
        end as stay_weight
    from weighed
    where visit_weight <> 0
)

select * from final
