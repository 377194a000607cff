{# Which stay the settlements of a relation like stay_settlement belong to: a CTE body with its columns, `stay_group` and `bed_kind`,
   which with the province name a stay, and `can_discharge`. Rows that do not stand are left out. #}
{% macro stay_groups(settlements) -%}
with merge_choices as (
    {{ choice_of('stay_merge') }}
),

netting_choices as (
    {{ choice_of('netting') }}
),

-- R1: a flagged original without a delivered mirror counts only where the links alone decide.
stay_rows as (
    select
        settlements.*,
        coalesce(merge_choices.value, 'per_mdtrt') as stay_merge,
        -- Care in a bed, emergency care and home beds never merge with each other.
        case
            when settlements.care_group in ('inpatient', 'maternity_inpatient') then 'inpatient'
            else settlements.care_group
        end as bed_kind
    from {{ settlements }} as settlements
    left join merge_choices
        on settlements.province = merge_choices.province and {{ year_of('settlements.settlement_month') }} = merge_choices.year
    left join netting_choices
        on settlements.province = netting_choices.province and {{ year_of('settlements.settlement_month') }} = netting_choices.year
    where
        settlements.reversal_class = 'live'
        or (settlements.reversal_class = 'flagged_alone' and netting_choices.value = 'link_only')
),

-- gap_merge_<n>: stays of one person in one institution with at most n days between them are one; nothing is read here
-- while no province has chosen it.
gap_rows as (
    select
        load_id,
        source_row,
        person_key,
        institution_code,
        bed_kind,
        province,
        begin_date,
        end_date,
        settlement_id,
        cast(replace(stay_merge, 'gap_merge_', '') as integer) as allowed_gap_days,
        max(end_date) over (
            partition by province, person_key, institution_code, bed_kind
            order by begin_date, end_date, settlement_id
            rows between unbounded preceding and 1 preceding
        ) as latest_end_date
    from stay_rows
    where stay_merge like 'gap_merge_%'
),

gap_islands as (
    select
        load_id,
        source_row,
        sum(
            case
                when latest_end_date is null or {{ days_between('latest_end_date', 'begin_date') }} > allowed_gap_days then 1
                else 0
            end
        ) over (
            partition by province, person_key, institution_code, bed_kind
            order by begin_date, end_date, settlement_id
            rows unbounded preceding
        ) as island
    from gap_rows
)

select
    stay_rows.*,
    case
        when stay_rows.stay_merge = 'per_settlement' then stay_rows.settlement_id
        when gap_islands.island is not null
            then concat_ws('|', cast(stay_rows.person_key as varchar), stay_rows.institution_code, cast(gap_islands.island as varchar))
        else stay_rows.encounter_id
    end as stay_group,
    -- R8: the discharge settlement is the last row that is neither interim nor supplementary.
    stay_rows.settlement_kind = 'normal'
    or (stay_rows.stay_merge = 'per_settlement' and stay_rows.settlement_kind = 'interim') as can_discharge
from stay_rows
left join gap_islands on stay_rows.load_id = gap_islands.load_id and stay_rows.source_row = gap_islands.source_row
{%- endmacro %}

{# stay_part with the month of each settlement, of its stay and of the stay's last row, by the statistics clock. #}
{% macro clocked_stay_parts() -%}
select
        parts.load_id,
        parts.source_row,
        parts.province,
        parts.stay_care_group,
        parts.stay_care_type,
        {{ month_by_clock('own_clock.value', 'parts.settlement_month', 'parts.end_month', 'parts.create_month') }} as statistics_month,
        {{ month_by_clock(
            'stay_clock.value', 'parts.discharge_month', 'parts.discharge_end_month', 'parts.discharge_create_month'
        ) }} as stay_month,
        {{ month_by_clock('stay_clock.value', 'parts.last_settlement_month', 'parts.last_end_month', 'parts.last_create_month') }} as last_month
    from {{ ref('stay_part') }} as parts
    left join (
        {{ choice_of('stat_clock') }}
    ) as own_clock on parts.province = own_clock.province and {{ year_of('parts.settlement_month') }} = own_clock.year
    left join (
        {{ choice_of('stat_clock') }}
    ) as stay_clock on parts.province = stay_clock.province and {{ year_of('parts.discharge_month') }} = stay_clock.year
{%- endmacro %}

{# L89: of cells or rows of settlements with the months of their stay those whose money the definitions let count with the stay, and the
   month in which it does. What was chosen for the year of the discharge decides, and by it the settlement must be of a stay at all. #}
{% macro counted_with_stay(parts) -%}
select
        parts.*,
        {{ stay_month('parts', 'choices', 'stay_month') }} as counted_month
    from {{ parts }} as parts
    inner join {{ ref('label_choice') }} as choices
        on parts.province = choices.province and {{ year_of('parts.stay_month') }} = choices.year
    inner join {{ ref('visit_type_label') }} as visit_types
        on
            visit_types.provider_kind = 'hospital'
            and parts.province = visit_types.province
            and {{ year_of(stay_month('parts', 'choices', 'stay_month')) }} = visit_types.year
            and parts.stay_care_group = visit_types.care_group
            and (parts.stay_care_group = 'emergency' and parts.stay_care_type = '1301') = visit_types.is_rescue
    where
        choices.money_year = 'stay'
        and visit_types.visit_type in ('inpatient', 'maternity_inpatient', 'home_bed')
        and parts.statistics_month <> {{ stay_month('parts', 'choices', 'stay_month') }}
{%- endmacro %}
