{# The settlements of stays that may count in another month than their stay does, one in some hundred, with what decides about that
   month (L89). Whether their money does follow the stay is a definition, applied in the indicator layer. #}

with stays as (
    select * from {{ ref('fct_stay') }}
    where settlement_count > 1
),

-- All that can belong to such a stay: one encounter, or one person where gaps are bridged.
settlements as (
    select
        load_id,
        source_row,
        province,
        settlement_month,
        settlement_date,
        begin_date,
        end_date,
        end_month,
        create_month,
        person_key,
        care_group,
        settlement_kind,
        reversal_class,
        settlement_id,
        encounter_id,
        institution_code
    from {{ ref('stay_settlement') }}
    where
        encounter_id in (select stays.encounter_id from stays)
        or person_key in (select stays.person_key from stays)
),

grouped as (
    {{ stay_groups('settlements') }}
),

named_stays as (
    select
        grouped.province,
        grouped.stay_group,
        grouped.bed_kind,
        stays.care_type as stay_care_type,
        stays.care_group as stay_care_group,
        stays.discharge_month,
        stays.end_month as discharge_end_month,
        stays.create_month as discharge_create_month,
        stays.last_settlement_month,
        stays.last_end_month,
        stays.last_create_month
    from grouped
    inner join stays on grouped.load_id = stays.load_id and grouped.source_row = stays.source_row
),

final as (
    select
        grouped.load_id,
        grouped.source_row,
        grouped.province,
        grouped.settlement_month,
        grouped.end_month,
        grouped.create_month,
        named_stays.stay_care_type,
        named_stays.stay_care_group,
        named_stays.discharge_month,
        named_stays.discharge_end_month,
        named_stays.discharge_create_month,
        named_stays.last_settlement_month,
        named_stays.last_end_month,
        named_stays.last_create_month
    from grouped
    inner join named_stays
        on
            grouped.province = named_stays.province
            and grouped.stay_group = named_stays.stay_group
            and grouped.bed_kind = named_stays.bed_kind
    where
        (grouped.settlement_month, coalesce(grouped.end_month, 0), coalesce(grouped.create_month, 0)) <> (
            named_stays.discharge_month,
            coalesce(named_stays.discharge_end_month, 0),
            coalesce(named_stays.discharge_create_month, 0)
        )
        or (
            grouped.settlement_month,
            coalesce(grouped.end_month, grouped.settlement_month),
            coalesce(grouped.create_month, grouped.settlement_month)
        ) <> (named_stays.last_settlement_month, named_stays.last_end_month, named_stays.last_create_month)
)

select * from final
