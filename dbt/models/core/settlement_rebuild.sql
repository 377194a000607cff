{# Which months the settlement fact has to rebuild. Reads what the last run left: the profile of the fact and the rows of it
   that a reversal concerned. #}

with touched as (
    select settlement_month from {{ source('ops', 'touched_month') }}
),

link as (
    select * from {{ ref('settlement_link') }}
),

concerned as (
    {{
        left_by_last_run('core', 'reversal_amount', {
            'load_id': 'integer', 'source_row': 'bigint', 'settlement_month': 'integer', 'reversal_class': 'varchar',
        })
    }}
),

built as (
    {{ left_by_last_run('core', 'settlement_profile', {'settlement_month': 'integer', 'reference_version': 'ubigint'}) }}
),

{{ reference_version('built') }},

other_reference as (
    select built.settlement_month
    from built
    inner join reference_version on built.settlement_month = reference_version.settlement_month
    where built.reference_version is distinct from reference_version.reference_version
),

-- A new link can reach a month that received no row itself, for example by restoring an original (R31). A row is due when
-- it has another class than the fact gave it, and when it is newly concerned or no longer.
other_link as (
    select link.settlement_month
    from link
    left join concerned on link.load_id = concerned.load_id and link.source_row = concerned.source_row
    where concerned.reversal_class is distinct from link.reversal_class
    union
    select concerned.settlement_month
    from concerned
    where not exists (
        select 1 from link
        where link.load_id = concerned.load_id and link.source_row = concerned.source_row
    )
),

final as (
    select
        settlement_month,
        'touched' as reason
    from touched
    union
    select
        settlement_month,
        'reference' as reason
    from other_reference
    union
    select
        settlement_month,
        'link' as reason
    from other_link
)

select * from final
