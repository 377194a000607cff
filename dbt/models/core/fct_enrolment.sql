with current_spells as {{ read_by_each() }} (
    select * from {{ ref('stg_psn_insu_d') }} where is_current
),

former_spells as (
    select * from {{ ref('stg_psn_insu_his_d') }} where is_current
),

scheme_map as (
    select * from {{ ref('scheme_map') }}
),

employers as (
    select
        emp_no,
        emp_type,
        emp_mgt_type
    from {{ ref('stg_insu_emp_info_b') }}
    where is_current
),

employer_groups as (
    select
        code,
        rollup
    from {{ ref('code_set') }}
    where set_name = 'emp_type_group' and scope <> 'local pattern' and code <> 'else'
),

employer_units as (
    select
        code,
        rollup
    from {{ ref('code_set') }}
    where set_name = 'emp_mgt_type'
),

fund_modes as (
    select
        code,
        rollup
    from {{ ref('code_set') }}
    where set_name = 'hi_type'
),

person_types as (
    select
        code,
        rollup
    from {{ ref('code_set') }}
    where set_name = 'psn_type' and scope <> 'local pattern'
),

-- The current table beats the history of the same relation and spell.
spells as (
    select
        psn_insu_rlts_id,
        psn_no,
        emp_no,
        insutype,
        psn_type,
        crt_insu_date,
        paus_insu_date,
        insutype_retr_flag,
        hi_type,
        insu_admdvs,
        province,
        load_id,
        source_row,
        false as is_history
    from current_spells
    union all
    select
        former.psn_insu_rlts_id,
        former.psn_no,
        former.emp_no,
        former.insutype,
        former.psn_type,
        former.crt_insu_date,
        former.paus_insu_date,
        former.insutype_retr_flag,
        former.hi_type,
        former.insu_admdvs,
        former.province,
        former.load_id,
        former.source_row,
        true as is_history
    from former_spells as former
    where
        not exists (
            select 1 from current_spells
            where
                current_spells.psn_insu_rlts_id = former.psn_insu_rlts_id
                and current_spells.crt_insu_date = former.crt_insu_date
        )
),

final as (
    select
        spells.psn_insu_rlts_id as spell_id,
        spells.province,
        {{ uuid_to_key('spells.psn_no') }} as person_key,
        spells.insutype as scheme_code,
        scheme_map.scheme,
        coalesce(scheme_map.is_enrolment, false) as is_counted_scheme,
        coalesce(scheme_map.enrolment_rank, 9) as enrolment_rank,
        case
            when scheme_map.scheme = 'resident' then 'none'
            when spells.insutype_retr_flag = '0' then 'active'
            when spells.insutype_retr_flag in ('1', '2') then 'retired'
            else 'unknown'
        end as member_status,
        spells.insu_admdvs as insured_region,
        case when scheme_map.scheme = 'employee' then employers.emp_type end as employer_type,
        case
            when coalesce(scheme_map.scheme, 'unknown') <> 'employee' then 'none'
            when employer_groups.rollup = 'other' then 'flexible_other'
            else coalesce(employer_groups.rollup, 'unknown')
        end as employer_group,
        -- L47: whether people work for the employer, or it is only a name under which they are insured.
        case
            when coalesce(scheme_map.scheme, 'unknown') <> 'employee' then 'none'
            else coalesce(employer_units.rollup, 'unknown')
        end as employer_unit,
        -- L20: residents have no personal account, so the question is the employees' alone.
        case
            when coalesce(scheme_map.scheme, 'unknown') <> 'employee' then 'none'
            else coalesce(fund_modes.rollup, 'unknown')
        end as fund_mode,
        -- L37: adults and the elderly, university students, all other minors; a category of nobody's roll-up is unknown.
        case
            when coalesce(scheme_map.scheme, 'unknown') <> 'resident' then 'none'
            when spells.psn_type = '1404' then 'college'
            when person_types.rollup = '14' then 'pupil_child'
            when person_types.rollup in ('15', '16') then 'adult'
            else 'unknown'
        end as resident_group,
        spells.crt_insu_date as spell_begin_date,
        {{ open_end('spells.paus_insu_date') }} as spell_end_date,
        spells.is_history,
        spells.load_id,
        spells.source_row
    from spells
    left join scheme_map on spells.insutype = scheme_map.scheme_code
    left join employers on spells.emp_no = employers.emp_no
    left join employer_groups on employers.emp_type = employer_groups.code
    left join employer_units on employers.emp_mgt_type = employer_units.code
    left join fund_modes on spells.hi_type = fund_modes.code
    left join person_types on spells.psn_type = person_types.code
)

{{ as_codes('final', 'fct_enrolment') }}
