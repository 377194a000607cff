{# Which months the settlement fact has to rebuild. Reads the fact and its profile as the last run left them. #}
{% set fact = adapter.get_relation(this.database, 'core', 'fct_settlement') if execute else none %}

with touched as (
    select settlement_month from {{ source('ops', 'touched_month') }}
),

link as (
    select * from {{ ref('settlement_link') }}
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

{% if fact -%}
-- A new link can reach a month that received no row itself, for example by restoring an original (R31).
other_link as (
    select link.settlement_month
    from link
    left join {{ fact }} as fact on link.load_id = fact.load_id and link.source_row = fact.source_row
    where fact.reversal_class is distinct from link.reversal_class
    union
    select fact.settlement_month
    from {{ fact }} as fact
    where
        fact.reversal_class not in ('live', 'invalid')
        and not exists (
            select 1 from link
            where link.load_id = fact.load_id and link.source_row = fact.source_row
        )
),
{%- else -%}
other_link as (
    select settlement_month from link
),
{%- endif %}

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
