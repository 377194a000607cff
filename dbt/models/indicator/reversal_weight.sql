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
        *,
        abs(visit_weight) as money_weight
    from weighed
    where visit_weight <> 0
)

select * from final
