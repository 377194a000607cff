{# Persons never add up over months, care types or regions: each is put together over the whole year first and counted then,
   once in the province and once in each region where it was insured. #}

-- Figures of persons are those of one scheme; without one a settlement is in none of them.
with schemes as (
    select
        {{ as_code('scheme_code', 'scheme') }} as scheme_code,
        {{ as_code('scheme', 'scheme_group') }} as scheme
    from {{ ref('scheme_map') }}
),

-- Only settlements that may stand; of flagged ones without a mirror the definition decides below (R1), as it does about the
-- statistics clock. A copy of these few columns by month would be a fifth of the fact to write for a third of a second saved here
-- (decision 0011).
months as {{ read_by_each() }} (
    select
        settlements.province,
        settlements.insured_region,
        settlements.settlement_month,
        settlements.end_month,
        settlements.create_month,
        schemes.scheme,
        settlements.person_key,
        settlements.reversal_class = 'flagged_alone' as is_flagged_alone,
        {{ benefit_flags() }} as benefit_flags
    from {{ ref('fct_settlement') }} as settlements
    inner join schemes on settlements.scheme_code = schemes.scheme_code
    where settlements.reversal_class in ('live', 'flagged_alone')
),

-- R15: several numbers of one certificate are one person. Hardly anybody has them, so only those are looked up.
several_numbers as (
    select
        person_key,
        natural_person_key
    from {{ ref('person_merge') }}
),

clock_choices as (
    {{ choice_of('stat_clock') }}
),

netting_choices as (
    select
        {{ as_code('province', 'region') }} as province,
        year,
        value
    from ({{ choice_of('netting') }}) as choices
),

-- Place and clock of a month, a few hundred times and not once a month of a person.
places_of_months as (
    select
        cells.province,
        cells.insured_region,
        cells.month,
        clock_choices.value as stat_clock,
        cast({{ prefecture_of('cells.insured_region', 'cells.province', 'places') }} as integer) as region_number
    from (
        select distinct
            province,
            insured_region,
            settlement_month as month
        from months
    ) as cells
    {{ join_place('cells.insured_region', first_day_of('cells.month')) }}
    left join clock_choices
        on cells.province = clock_choices.province and {{ year_of('cells.month') }} = clock_choices.year
),

clocked as {{ read_by_each() }} (
    select
        months.province,
        {{ year_of('case places_of_months.stat_clock
            when \'enddate\' then coalesce(months.end_month, months.settlement_month)
            when \'crte_time\' then coalesce(months.create_month, months.settlement_month)
            else months.settlement_month
        end') }} as year,
        months.scheme,
        coalesce(several_numbers.natural_person_key, months.person_key) as natural_person_key,
        places_of_months.region_number,
        months.is_flagged_alone,
        months.benefit_flags
    from months
    inner join places_of_months
        on
            months.insured_region = places_of_months.insured_region
            and months.settlement_month = places_of_months.month
            and months.province = places_of_months.province
    left join several_numbers on months.person_key = several_numbers.person_key
),

-- R1, R31: those that stand, in both reversal measures (L36).
standing as {{ read_by_each() }} (
    select clocked.* exclude (is_flagged_alone)
    from clocked
    left join netting_choices on clocked.province = netting_choices.province and clocked.year = netting_choices.year
    where not clocked.is_flagged_alone or netting_choices.value = 'link_only'
),

person_years as (
    select
        province,
        year,
        scheme,
        natural_person_key,
        bit_or(benefit_flags) as benefit_flags,
        min(region_number) as first_region,
        max(region_number) as last_region
    from standing
    group by province, year, scheme, natural_person_key
),

-- One pass over the persons: counted by where they are insured, and the few who are insured in several places listed.
counted as (
    select
        province,
        year,
        scheme,
        case when first_region = last_region then first_region end as region_number,
        benefit_flags,
        count(*) as persons,
        {{ distinct_values('case when first_region <> last_region then natural_person_key end') }} as moved_persons
    from person_years
    group by province, year, scheme, case when first_region = last_region then first_region end, benefit_flags
),

moved as (
    select
        province,
        year,
        scheme,
        natural_person_key
    from (
        select
            province,
            year,
            scheme,
            {{ one_row_each('moved_persons') }} as natural_person_key
        from counted
        where region_number is null
    ) as listed
    where natural_person_key is not null
),

moved_years as (
    select
        standing.province,
        standing.year,
        standing.scheme,
        standing.natural_person_key,
        standing.region_number,
        bit_or(standing.benefit_flags) as benefit_flags
    from standing
    inner join moved
        on
            standing.natural_person_key = moved.natural_person_key
            and standing.year = moved.year
            and standing.scheme = moved.scheme
            and standing.province = moved.province
    group by standing.province, standing.year, standing.scheme, standing.natural_person_key, standing.region_number
),

placed as (
    select
        province,
        year,
        cast(province as varchar) as region_code,
        scheme,
        benefit_flags,
        persons
    from counted
    union all
    select
        province,
        year,
        cast(region_number as varchar) as region_code,
        scheme,
        benefit_flags,
        persons
    from counted
    where region_number is not null
    union all
    select
        province,
        year,
        cast(region_number as varchar) as region_code,
        scheme,
        benefit_flags,
        1 as persons
    from moved_years
),

final as (
    select
        province,
        year,
        region_code,
        scheme,
        benefit_flags,
        cast(sum(persons) as bigint) as persons
    from placed
    group by province, year, region_code, scheme, benefit_flags
)

{{ as_text('final', ['province', 'scheme']) }}
