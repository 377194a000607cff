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

-- Place and clock of a month, a few hundred times and not once a month of a person. A number for the place, because each person is put
-- together under it.
places_of_months as (
    select
        cells.province,
        cells.insured_region,
        cells.month,
        coalesce(clock_choices.value = 'enddate', false) as is_by_end,
        coalesce(clock_choices.value = 'crte_time', false) as is_by_creation,
        {{ prefecture_of('cells.insured_region', 'cells.province', 'places') }} as region_code,
        cast(dense_rank() over (
            order by {{ prefecture_of('cells.insured_region', 'cells.province', 'places') }}
        ) as smallint) as place_number
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

numbered_places as (
    select distinct
        place_number,
        region_code
    from places_of_months
),

clocked as {{ read_by_each() }} (
    select
        months.province,
        cast({{ year_of('case
            when places_of_months.is_by_end then coalesce(months.end_month, months.settlement_month)
            when places_of_months.is_by_creation then coalesce(months.create_month, months.settlement_month)
            else months.settlement_month
        end') }} as smallint) as year,
        months.scheme,
        coalesce(several_numbers.natural_person_key, months.person_key) as natural_person_key,
        places_of_months.place_number,
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

-- The one pass over the year, by few and narrow columns: for a province tens of millions of persons lie in memory here (0011).
placed_persons as (
    select
        province,
        year,
        scheme,
        place_number,
        natural_person_key,
        bit_or(benefit_flags) as benefit_flags
    from standing
    group by province, year, scheme, place_number, natural_person_key
),

by_place as (
    select
        province,
        year,
        scheme,
        place_number,
        benefit_flags,
        count(*) as persons
    from placed_persons
    group by province, year, scheme, place_number, benefit_flags
),

-- The few who were insured in several places.
moved as (
    select
        province,
        year,
        scheme,
        natural_person_key
    from placed_persons
    group by province, year, scheme, natural_person_key
    having count(*) > 1
),

moved_places as (
    select placed_persons.*
    from placed_persons
    inner join moved
        on
            placed_persons.natural_person_key = moved.natural_person_key
            and placed_persons.year = moved.year
            and placed_persons.scheme is not distinct from moved.scheme
            and placed_persons.province = moved.province
),

-- The province has the persons of its regions, but whoever moved once: taken out of each of the regions, and added whole.
placed as (
    select
        by_place.province,
        by_place.year,
        numbered_places.region_code,
        by_place.scheme,
        by_place.benefit_flags,
        by_place.persons
    from by_place
    inner join numbered_places on by_place.place_number = numbered_places.place_number
    union all
    select
        province,
        year,
        cast(province as varchar) as region_code,
        scheme,
        benefit_flags,
        persons
    from by_place
    union all
    select
        province,
        year,
        cast(province as varchar) as region_code,
        scheme,
        benefit_flags,
        -1 as persons
    from moved_places
    union all
    select
        province,
        year,
        cast(province as varchar) as region_code,
        scheme,
        bit_or(benefit_flags) as benefit_flags,
        1 as persons
    from moved_places
    group by province, year, scheme, natural_person_key
),

final as (
    select
        province,
        cast(year as integer) as year,
        region_code,
        scheme,
        benefit_flags,
        cast(sum(persons) as bigint) as persons
    from placed
    group by province, year, region_code, scheme, benefit_flags
    having sum(persons) > 0
)

{{ as_text('final', ['province', 'scheme']) }}
