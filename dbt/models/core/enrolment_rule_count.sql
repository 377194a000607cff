{# Counts of rules about persons and their enrolment. Apart from rule_count, because they ask nothing of the settlements: a
   corrected month of those leaves them as they are. #}

with enrolment as (
    select * from {{ ref('fct_enrolment') }}
),

enrolment_dates as (
    select * from {{ ref('fct_enrolment_date') }}
),

persons as (
    select * from {{ ref('dim_person') }}
),

registrations as (
    select * from {{ ref('stg_psn_info_b') }} where is_current
),

files as (
    select * from {{ ref('person_file') }}
),

shared_numbers as (
    select * from {{ ref('person_merge') }}
),

enrolment_sums as (
    select
        reference_year * 100 + 12 as month,
        count(*) as row_count,
        count(*) filter (where is_dead) as dead_count,
        count(*) filter (where not has_person_row) as no_person_count,
        count(*) filter (where member_status = 'unknown') as status_unknown_count,
        count(*) filter (where scheme = 'employee') as employee_count,
        count(*) filter (where employer_group = 'unknown') as employer_unknown_count,
        count(*) filter (where insured_dedup <> 'none' and dedup_scope = 'province') as counting_count,
        count(distinct case when insured_dedup <> 'none' and dedup_scope = 'province' then natural_person_key end) as counting_persons
    from enrolment_dates
    group by reference_year
),

enrolment_rules as (
    select 'dead_insured' as rule_id, dead_count as unexpected, row_count as total, month from enrolment_sums
    union all
    select 'insured_without_person_row' as rule_id, no_person_count as unexpected, row_count as total, month from enrolment_sums
    union all
    select 'person_type_unknown' as rule_id, status_unknown_count as unexpected, row_count as total, month from enrolment_sums
    union all
    select 'employer_type_unknown' as rule_id, employer_unknown_count as unexpected, employee_count as total, month
    from enrolment_sums
    union all
    select
        'counting_row_not_unique' as rule_id,
        counting_count - counting_persons as unexpected,
        counting_count as total,
        month
    from enrolment_sums
),

-- Hardly any number of a spell comes twice: all are counted, and only those looked at.
spell_counts as (
    select
        {{ row_hash(['spell_id']) }} as spell_key,
        count(*) as row_count
    from enrolment
    where is_counted_scheme
    group by {{ row_hash(['spell_id']) }}
),

repeated_spells as (
    select
        {{ row_hash(['spell_id']) }} as spell_key,
        count(*) filter (where spell_end_date = date '9999-12-31') as open_count,
        min(spell_id) <> max(spell_id) as is_collision
    from enrolment
    where
        is_counted_scheme
        and {{ row_hash(['spell_id']) }} in (select spell_counts.spell_key from spell_counts where spell_counts.row_count > 1)
    group by {{ row_hash(['spell_id']) }}
),

-- A relation that is open twice would take one contribution for two spells.
spell_rules as (
    select
        'contribution_joined_twice' as rule_id,
        (select count(*) from repeated_spells where open_count > 1) as unexpected,
        count(*) as total
    from spell_counts
    union all
    select
        'spell_key_collision' as rule_id,
        (select count(*) from repeated_spells where is_collision) as unexpected,
        count(*) as total
    from spell_counts
),

-- As few certificates come twice.
certificate_counts as (
    select
        {{ uuid_to_key('certno') }} as certificate_key,
        count(*) as row_count
    from registrations
    where certno is not null
    group by {{ uuid_to_key('certno') }}
),

colliding_certificates as (
    select {{ uuid_to_key('certno') }} as certificate_key
    from registrations
    where
        certno is not null
        and {{ uuid_to_key('certno') }} in (
            select certificate_counts.certificate_key from certificate_counts where certificate_counts.row_count > 1
        )
    group by {{ uuid_to_key('certno') }}
    having min(certno) <> max(certno)
),

file_sums as (
    select
        reference_year * 100 + 12 as month,
        count(*) as row_count,
        count(*) filter (where open_spell_count > 1) as double_count,
        count(*) filter (where is_dead and open_spell_count > 0) as dead_count
    from files
    group by reference_year
),

file_rules as (
    select 'enrolled_twice' as rule_id, 'person_file' as table_name, double_count as unexpected, row_count as total, month
    from file_sums
    union all
    select 'dead_enrolment_open' as rule_id, 'person_file' as table_name, dead_count as unexpected, row_count as total, month
    from file_sums
    union all
    select
        'certificate_contradicted' as rule_id,
        'person_merge' as table_name,
        count(*) filter (where not is_merged) as unexpected,
        count(*) as total,
        null as month
    from shared_numbers
    union all
    select
        'merged_in_spite_of_difference' as rule_id,
        'person_merge' as table_name,
        count(*) filter (where merge_reason in ('birth_month_differs', 'sex_differs')) as unexpected,
        count(*) as total,
        null as month
    from shared_numbers
),

person_rules as (
    select
        'person_key_collision' as rule_id,
        'dim_person' as table_name,
        count(*) filter (where is_key_collision) as unexpected,
        count(*) as total
    from persons
    union all
    select
        'natural_person_key_collision' as rule_id,
        'dim_person' as table_name,
        (select count(*) from colliding_certificates) as unexpected,
        count(*) as total
    from certificate_counts
),

final as (
    select rule_id, 'fct_enrolment_date' as table_name, unexpected, total, month from enrolment_rules
    union all
    select rule_id, 'fct_enrolment' as table_name, unexpected, total, null as month from spell_rules
    union all
    select rule_id, table_name, unexpected, total, null as month from person_rules
    union all
    select rule_id, table_name, unexpected, total, month from file_rules
)

select
    rule_id,
    table_name,
    cast(unexpected as bigint) as unexpected,
    cast(total as bigint) as total,
    cast(month as integer) as month
from final
