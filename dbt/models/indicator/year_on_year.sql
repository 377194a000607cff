with figures as (
    select * from {{ ref('indicator_value') }}
    where period_kind = 'year' and breakdown = 'total'
),

breaks as (
    select
        break_id,
        cast(year as integer) as year,
        trim(indicator_id) as indicator_id,
        what_changed
    from {{ ref('series_break') }},
        unnest(string_split(indicator_ids, ';')) as listed (indicator_id)
    where breaks_comparison = 'Y'  -- L17
),

joined_breaks as (
    select
        indicator_id,
        year,
        string_agg(break_id, ', ' order by break_id) as break_id,
        string_agg(what_changed, '; ' order by break_id) as note
    from breaks
    group by indicator_id, year
),

definitions as (
    select * from {{ ref('definition') }}
),

-- A definition that changed between the two years breaks the series as visibly as one that the register lists.
changed_definitions as (
    select
        this_year.definition_id,
        last_year.definition_id as previous_definition_id,
        string_agg(
            this_year.switch_zh || '：' || last_year.value_zh || ' → ' || this_year.value_zh || ' / ' || this_year.switch
            || ': ' || last_year.value || ' > ' || this_year.value, '; '
            order by this_year.switch
        ) as note
    from (select distinct definition_id, indicator_id, year from figures) as current_figures
    inner join (select distinct definition_id, indicator_id, year from figures) as previous_figures
        on
            current_figures.indicator_id = previous_figures.indicator_id
            and current_figures.year = previous_figures.year + 1
            and current_figures.definition_id <> previous_figures.definition_id
    inner join definitions as this_year on current_figures.definition_id = this_year.definition_id
    inner join definitions as last_year
        on
            previous_figures.definition_id = last_year.definition_id
            and this_year.switch = last_year.switch
            and this_year.value <> last_year.value
    group by this_year.definition_id, last_year.definition_id, current_figures.indicator_id
),

compared as (
    select
        this_year.indicator_id,
        this_year.definition_id,
        this_year.year,
        this_year.region_code,
        this_year.region_level,
        this_year.unit,
        this_year.value,
        last_year.value as previous_value,
        last_year.definition_id as previous_definition_id,
        joined_breaks.break_id as listed_break,
        joined_breaks.note as listed_note
    from figures as this_year
    left join figures as last_year
        on
            this_year.indicator_id = last_year.indicator_id
            and this_year.region_code = last_year.region_code
            and this_year.year = last_year.year + 1
    left join joined_breaks on this_year.indicator_id = joined_breaks.indicator_id and this_year.year = joined_breaks.year
),

explained as (
    select
        compared.*,
        coalesce(compared.listed_break, case when changed_definitions.note is not null then 'definition' end) as break_id,
        nullif(concat_ws('; ', compared.listed_note, changed_definitions.note), '') as note
    from compared
    left join (select distinct * from changed_definitions) as changed_definitions
        on
            compared.definition_id = changed_definitions.definition_id
            and compared.previous_definition_id = changed_definitions.previous_definition_id
),

final as (
    select
        indicator_id,
        definition_id,
        year,
        region_code,
        region_level,
        unit,
        value,
        previous_value,
        case when break_id is null then value - previous_value end as change,
        -- Ratios change in percentage points, never in percent.
        case
            when break_id is null and unit <> '%' and previous_value <> 0 then 100 * (value / previous_value - 1)
        end as growth_percent,
        break_id,
        note
    from explained
)

select * from final
