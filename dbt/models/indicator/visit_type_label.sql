with choices as (
    select * from {{ ref('label_choice') }}
),

care_groups as (
    select distinct rollup as care_group
    from {{ ref('code_set') }}
    where set_name = 'med_type' and rollup <> 'by_province'
    union distinct
    select 'unknown' as care_group
),

provider_kinds as (
    select 'hospital' as provider_kind
    union all
    select 'pharmacy' as provider_kind
    union all
    select 'unknown' as provider_kind
),

-- Emergency rescue (1301) is the one care type that a definition may treat apart from its group.
rescues as (
    select true as is_rescue
    union all
    select false as is_rescue
),

combined as (
    select
        choices.*,
        care_groups.care_group,
        provider_kinds.provider_kind,
        rescues.is_rescue
    from choices
    cross join care_groups
    cross join provider_kinds
    cross join rescues
    where care_groups.care_group = 'emergency' or not rescues.is_rescue
),

final as (
    select
        province,
        year,
        care_group,
        provider_kind,
        is_rescue,
        case
            -- R2, R29: the provider decides first, unless the definition lets chronic care keep its kind.
            when
                provider_kind = 'pharmacy'
                and (pharmacy_overlap = 'provider_first' or care_group <> 'chronic_outpatient') then 'pharmacy'
            when care_group = 'pharmacy' then 'pharmacy'
            when care_group = 'ordinary_outpatient' then 'outpatient'
            when care_group = 'chronic_outpatient' then 'chronic'
            when care_group = 'inpatient' then 'inpatient'
            when care_group = 'emergency' and emergency_in_inpatient = 'include_13' then 'inpatient'
            when care_group = 'emergency' and emergency_in_inpatient = 'include_1301' and is_rescue then 'inpatient'
            when care_group = 'emergency' then 'outpatient'
            when care_group = 'maternity_inpatient' and maternity_in_inpatient = 'exclude_52' then 'maternity_inpatient'
            when care_group = 'maternity_inpatient' then 'inpatient'
            when care_group = 'maternity_outpatient' and maternity_outpatient = 'ordinary' then 'outpatient'
            when care_group = 'maternity_outpatient' then 'maternity_outpatient'
            when care_group = 'home_bed' and home_bed = 'inpatient' then 'inpatient'
            when care_group = 'home_bed' then 'home_bed'
            else 'unknown'
        end as visit_type
    from combined
)

select * from final
