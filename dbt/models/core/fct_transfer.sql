with transfers as (
    select * from {{ ref('stg_rlts_traf_info_d') }}
    where is_current and coalesce(vali_flag, '1') = '1'
),

persons as (
    select
        person_key,
        is_rural_household
    from {{ ref('dim_person') }}
),

-- L68: a record is that of one side. The places tell whether the person came or left, whatever the code of the direction says.
placed as (
    select
        *,
        case
            when trafin_admdvs = insu_admdvs and trafout_admdvs <> insu_admdvs then 'in'
            when trafout_admdvs = insu_admdvs and trafin_admdvs <> insu_admdvs then 'out'
            when left(trafin_admdvs, 4) = left(trafout_admdvs, 4) then 'unknown'
            when left(trafin_admdvs, 4) = left(insu_admdvs, 4) then 'in'
            when left(trafout_admdvs, 4) = left(insu_admdvs, 4) then 'out'
            else 'unknown'
        end as direction
    from transfers
),

final as (
    select
        placed.rlts_traf_id as transfer_id,
        {{ month_number('placed.crte_time') }} as month,
        placed.province,
        placed.insu_admdvs as region_code,
        placed.direction,
        case
            when placed.direction = 'unknown' then 'unknown'
            when left(placed.trafin_admdvs, 2) <> left(placed.trafout_admdvs, 2) then 'cross_province'
            else 'in_province'
        end as travel_class,
        case
            when placed.traf_prot_dirc is null then 'unknown'
            when placed.traf_prot_dirc = '11' then 'employee_to_employee'
            else 'other'
        end as protection,
        case
            when persons.is_rural_household then 'rural'
            when not persons.is_rural_household then 'not_rural'
            else 'unknown'
        end as household,
        coalesce(placed.traf_amt, 0) as amount_yuan,
        placed.load_id,
        placed.source_row
    from placed
    left join persons on {{ uuid_to_key('placed.psn_no') }} = persons.person_key
)

select * from final
