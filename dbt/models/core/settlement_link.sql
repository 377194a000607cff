{# Small, and written whole in every run, because a chain of reversals knows no months. It is not read whole: what concerned
   the months that have not changed is taken from this very table as the last run left it, and only settlements that a mirror
   names for the first time are looked up in them. Where no mirror does, those months are not opened. #}
{%- set is_whole = is_made_whole('core', 'settlement_link') %}
{%- set months = changed_months() %}

with recursive changed as (
    select
        load_id,
        source_row,
        setl_id,
        init_setl_id,
        {{ month_number('setl_time') }} as settlement_month,
        refd_setl_flag = '1' as is_flagged,
        vali_flag = '1' as is_valid
    from {{ ref('stg_setl_d') }}
    where
        is_current
        {% if not is_whole -%}
        and {{ time_in_months('setl_time', months) }}
        {%- endif %}
),

{% if is_whole -%}
settlements as {{ read_by_each() }} (
    select * from changed
),
{%- else -%}
known as (
    select
        load_id,
        source_row,
        settlement_id as setl_id,
        original_settlement_id as init_setl_id,
        settlement_month,
        is_flagged,
        is_valid
    from {{ this }}
),

held as (
    select * from known
    where not {{ month_in('settlement_month', months) }}
),

-- A settlement that was named before and lies in a month that has not changed is held, or was not there and still is not.
newly_named as (
    select distinct changed.init_setl_id as setl_id
    from changed
    where
        changed.init_setl_id is not null
        and not exists (select 1 from known where known.init_setl_id = changed.init_setl_id)
),

looked_up as (
    select
        load_id,
        source_row,
        setl_id,
        init_setl_id,
        {{ month_number('setl_time') }} as settlement_month,
        refd_setl_flag = '1' as is_flagged,
        vali_flag = '1' as is_valid
    from {{ ref('stg_setl_d') }}
    where
        is_current
        and not {{ time_in_months('setl_time', months) }}
        and setl_id in (select newly_named.setl_id from newly_named)
),

settlements as (
    select * from changed
    union all
    select * from held
    union all
    -- Mirrors and flagged rows are held, whoever names them.
    select looked_up.* from looked_up
    where not exists (
        select 1 from held
        where held.load_id = looked_up.load_id and held.source_row = looked_up.source_row
    )
),
{%- endif %}

mirrors as (
    select
        setl_id,
        init_setl_id,
        is_valid
    from settlements
    where init_setl_id is not null
),

-- Only the few rows that a reversal concerns: mirrors, what they point at, and whatever carries the flag.
concerned as (
    select settlements.*
    from settlements
    where
        settlements.init_setl_id is not null
        or settlements.is_flagged
        or settlements.setl_id in (select mirrors.init_setl_id from mirrors)
),

nodes as (
    select
        setl_id,
        min(init_setl_id) as init_setl_id,
        bool_or(is_flagged) as is_flagged,
        min(load_id) as load_id,
        min(source_row) as source_row
    from concerned
    where is_valid
    group by setl_id
),

-- Depth in the chain: 0 an original, 1 its mirror, 2 the mirror of the mirror. A mirror whose original was never
-- delivered begins at 1. Rows in a circle are never reached and stay without a depth.
depths as (
    select
        nodes.setl_id,
        nodes.init_setl_id,
        case when nodes.init_setl_id is null then 0 else 1 end as chain_depth
    from nodes
    where not exists (select 1 from nodes as original where original.setl_id = nodes.init_setl_id)
    union all
    select
        nodes.setl_id,
        nodes.init_setl_id,
        depths.chain_depth + 1 as chain_depth
    from nodes
    inner join depths on nodes.init_setl_id = depths.setl_id
),

deepest as (
    select max(chain_depth) as chain_depth from depths
),

-- R31, from the deepest level upwards: a row stands unless a row that itself stands reverses it. The step before holds
-- exactly the level below, which is where all mirrors of a level lie.
standing as (
    select
        depths.setl_id,
        depths.init_setl_id,
        depths.chain_depth,
        true as stands
    from depths
    where depths.chain_depth = (select deepest.chain_depth from deepest)
    union all
    select
        depths.setl_id,
        depths.init_setl_id,
        depths.chain_depth,
        not coalesce(below.is_reversed, false) as stands
    from (select min(standing.chain_depth) as chain_depth from standing) as level
    inner join depths on level.chain_depth - 1 = depths.chain_depth
    left join (
        select
            standing.init_setl_id,
            bool_or(standing.stands) as is_reversed
        from standing
        group by standing.init_setl_id
    ) as below on depths.setl_id = below.init_setl_id
),

mirrored as (
    select
        init_setl_id as setl_id,
        count(*) as mirror_count
    from mirrors
    where is_valid
    group by init_setl_id
),

final as (
    select
        concerned.load_id,
        concerned.source_row,
        concerned.settlement_month,
        concerned.setl_id as settlement_id,
        concerned.init_setl_id as original_settlement_id,
        original.load_id as original_load_id,
        original.source_row as original_source_row,
        concerned.is_valid,
        concerned.is_flagged,
        concerned.init_setl_id is not null as is_mirror,
        coalesce(original.is_flagged, false) as is_original_flagged,
        coalesce(mirrored.mirror_count, 0) as mirror_count,
        standing.chain_depth,
        standing.stands,
        case
            when not concerned.is_valid then 'invalid'
            when concerned.init_setl_id is not null and standing.chain_depth % 2 = 0 then 'restoring'
            when concerned.init_setl_id is not null then 'reversing'
            when not standing.stands then 'reversed'
            when concerned.is_flagged and mirrored.mirror_count is null then 'flagged_alone'
            else 'live'
        end as reversal_class
    from concerned
    left join standing on concerned.setl_id = standing.setl_id
    left join nodes as original on concerned.init_setl_id = original.setl_id
    left join mirrored on concerned.setl_id = mirrored.setl_id
)

select * from final
