with registrations as {{ read_by_each() }} (
    select * from {{ ref('stg_psn_info_b') }} where is_current
),

current_spells as (
    select psn_no from {{ ref('stg_psn_insu_d') }} where is_current
),

former_spells as (
    select psn_no from {{ ref('stg_psn_insu_his_d') }} where is_current
),

-- A spell without a person row still is a person: itself (R13). NOT IN, because DuckDB runs NOT EXISTS at twice the cost.
without_person_row as (
    select distinct
        psn_no,
        {{ uuid_to_key('psn_no') }} as person_key
    from (
        select psn_no from current_spells
        union all
        select psn_no from former_spells
    ) as spells
    where psn_no not in (select registrations.psn_no from registrations)
),

persons as {{ read_by_each() }} (
    select
        {{ uuid_to_key('psn_no') }} as person_key,
        certno,
        gend,
        brdy,
        surv_stas,
        resd_natu,
        true as has_person_row
    from registrations
    union all
    select
        person_key,
        null as certno,
        null as gend,
        null as brdy,
        null as surv_stas,
        null as resd_natu,
        false as has_person_row
    from without_person_row
),

-- Each person number comes once, so two rows of one key are two numbers. Hardly ever there is one: looking for them by the
-- key alone and adding up their rows only costs half of adding up everybody's.
colliding as (
    select person_key
    from persons
    group by person_key
    having count(*) > 1
),

keyed as (
    select
        person_key,
        certno,
        gend,
        brdy as birth_month,
        surv_stas,
        resd_natu,
        has_person_row,
        false as is_key_collision
    from persons
    where person_key not in (select colliding.person_key from colliding)
    union all
    select
        person_key,
        max(certno) as certno,
        max(gend) as gend,
        max(brdy) as birth_month,
        max(surv_stas) as surv_stas,
        max(resd_natu) as resd_natu,
        bool_or(has_person_row) as has_person_row,
        true as is_key_collision
    from persons
    where person_key in (select colliding.person_key from colliding)
    group by person_key
),

final as (
    select
        person_key,
        coalesce({{ uuid_to_key('certno') }}, person_key) as natural_person_key,
        case gend when '1' then 'male' when '2' then 'female' else 'unknown' end as sex,
        birth_month,
        coalesce(surv_stas = '2', false) as is_dead,
        -- L25: any other kind is lawful and means that the household is not rural. Null where nothing is written.
        resd_natu in ('20', '21', '22') as is_rural_household,
        has_person_row,
        is_key_collision
    from keyed
)

select * from final
