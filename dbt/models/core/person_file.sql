-- Years of cover are bits (2000 is the lowest), so that spells and payments of a person add up to one number in one pass.
with spells as {{ read_by_each() }} (
    select * from {{ ref('fct_enrolment') }} where is_counted_scheme and spell_end_date >= spell_begin_date
),

payments as {{ read_by_each() }} (
    select * from {{ ref('fct_contribution') }}
    where is_paid and is_regular and scheme_code in (select scheme_code from {{ ref('scheme_map') }} where is_enrolment)
),

persons as {{ read_by_each() }} (
    select * from {{ ref('dim_person') }}
),

shared_numbers as (
    select * from {{ ref('person_merge') }}
),

intervals as (
    select * from {{ ref('person_interval') }}
),

rules as (
    select * from {{ source('ops', 'continuity_rule') }}
),

provinces as (
    select distinct province from {{ ref('fct_enrolment') }} where is_counted_scheme
),

reference_dates as (
    {{ reference_dates('provinces') }}
),

-- The file is told as of the newest 31 December that the register has reached.
dates as (
    select
        province,
        cast(max(reference_year) as integer) as reference_year,
        max(reference_date) as reference_date
    from reference_dates
    group by province
),

payment_years as (
    select
        province,
        cast(floor(accrual_from / 100) as integer) as year,
        count(*) as payments
    from payments
    group by province, floor(accrual_from / 100)
),

-- L61: before the first year whose payments were delivered only the register can say who was insured. A stray payment for
-- long ago makes no such year: it takes a tenth of the fullest one.
payment_begins as (
    select
        province,
        min(year) as first_year
    from (
        select
            *,
            max(payments) over (partition by province) as most_payments
        from payment_years
    ) as beside_the_fullest
    where payments * 10 >= most_payments
    group by province
),

-- Whoever has one number and one spell needs no adding up: a few in a hundred are left.
several_numbers as (
    select persons.person_key
    from persons
    where persons.natural_person_key in (select intervals.file_person_key from intervals)
    union
    select shared_numbers.person_key from shared_numbers
),

told as {{ read_by_each() }} (
    select
        spells.person_key,
        spells.province,
        spells.spell_begin_date,
        spells.spell_end_date,
        spells.scheme,
        spells.insured_region,
        spells.spell_begin_date <= dates.reference_date and spells.spell_end_date >= dates.reference_date as is_open,
        -- Retirees pay nothing (R14): of them the register speaks for every year.
        {{ year_bits('year(spells.spell_begin_date)', "least(
            year(spells.spell_end_date),
            case
                when spells.scheme = 'employee' and spells.member_status = 'retired' then dates.reference_year
                else coalesce(payment_begins.first_year, dates.reference_year + 1) - 1
            end
        )") }} as covered_years
    from spells
    inner join dates on spells.province = dates.province
    left join payment_begins on spells.province = payment_begins.province
),

-- Read once for both kinds of persons below, as two narrow columns.
paid_years as (
    select
        payments.person_key,
        bit_or(
            {{ year_bits('floor(payments.accrual_from / 100)', 'least(floor(payments.accrual_to / 100), dates.reference_year)') }}
        ) as covered_years
    from payments
    inner join dates on payments.province = dates.province
    where payments.arrived_date <= dates.reference_date
    group by payments.person_key
),

of_one_spell as (
    select
        persons.natural_person_key as file_person_key,
        1 as number_count,
        persons.sex,
        persons.birth_month,
        persons.is_dead,
        told.province,
        1 as spell_count,
        told.spell_begin_date as first_begin_date,
        told.spell_end_date as last_end_date,
        case when told.is_open then 1 else 0 end as open_spell_count,
        case when told.is_open then told.scheme end as scheme,
        case when told.is_open then told.insured_region end as insured_region,
        told.covered_years | coalesce(paid_years.covered_years, 0) as covered_years
    from told
    inner join persons on told.person_key = persons.person_key
    left join paid_years on told.person_key = paid_years.person_key
    where told.person_key not in (select several_numbers.person_key from several_numbers)
),

-- Numbers that are merged go under the key of their file from the start, so that persons are added up once.
added_spells as (
    select
        coalesce(shared_numbers.file_person_key, told.person_key) as added_key,
        count(*) as spell_count,
        min(told.spell_begin_date) as first_begin_date,
        max(told.spell_end_date) as last_end_date,
        count(*) filter (where told.is_open) as open_spell_count,
        max(told.province) as province,
        max(told.scheme) filter (where told.is_open) as scheme,
        max(told.insured_region) filter (where told.is_open) as insured_region,
        bit_or(told.covered_years) as covered_years
    from told
    left join shared_numbers on told.person_key = shared_numbers.person_key
    where told.person_key in (select several_numbers.person_key from several_numbers)
    group by coalesce(shared_numbers.file_person_key, told.person_key)
),

added_payments as (
    select
        coalesce(shared_numbers.file_person_key, paid_years.person_key) as added_key,
        bit_or(paid_years.covered_years) as covered_years
    from paid_years
    left join shared_numbers on paid_years.person_key = shared_numbers.person_key
    where paid_years.person_key in (select several_numbers.person_key from several_numbers)
    group by coalesce(shared_numbers.file_person_key, paid_years.person_key)
),

named as (
    select
        persons.person_key as added_key,
        coalesce(shared_numbers.file_person_key, persons.natural_person_key) as file_person_key,
        1 as number_count,
        persons.sex,
        persons.birth_month,
        persons.is_dead
    from persons
    left join shared_numbers on persons.person_key = shared_numbers.person_key
    where
        not coalesce(shared_numbers.is_merged, false)
        and persons.person_key in (select several_numbers.person_key from several_numbers)
    union all
    select
        shared_numbers.file_person_key as added_key,
        shared_numbers.file_person_key,
        count(*) as number_count,
        max(persons.sex) filter (where persons.sex <> 'unknown') as sex,
        max(persons.birth_month) as birth_month,
        bool_or(persons.is_dead) as is_dead
    from shared_numbers
    inner join persons on shared_numbers.person_key = persons.person_key
    where shared_numbers.is_merged
    group by shared_numbers.file_person_key
),

of_several as (
    select
        named.file_person_key,
        named.number_count,
        named.sex,
        named.birth_month,
        named.is_dead,
        added_spells.province,
        added_spells.spell_count,
        added_spells.first_begin_date,
        added_spells.last_end_date,
        added_spells.open_spell_count,
        added_spells.scheme,
        added_spells.insured_region,
        added_spells.covered_years | coalesce(added_payments.covered_years, 0) as covered_years
    from added_spells
    inner join named on added_spells.added_key = named.added_key
    left join added_payments on added_spells.added_key = added_payments.added_key
),

added as (
    select * from of_one_spell
    union all
    select * from of_several
),

gaps as (
    select
        file_person_key,
        count(*) as gap_count,
        sum({{ days_between('previous_end_date', 'begin_date') }} - 1) as gap_days
    from (
        select
            file_person_key,
            begin_date,
            lag(end_date) over (partition by file_person_key order by begin_date) as previous_end_date
        from intervals
        where rank_number = 1
    ) as following
    where {{ days_between('previous_end_date', 'begin_date') }} > 1
    group by file_person_key
),

-- R15: of several open spells the one that counts gives scheme and area.
counting as (
    select
        intervals.file_person_key,
        intervals.scheme,
        intervals.insured_region
    from intervals
    inner join dates
        on
            intervals.province = dates.province
            and dates.reference_date between intervals.begin_date and intervals.end_date
    where intervals.rank_number = 1
),

-- Of the years without cover the newest ends the present run, and of the covered ones before it the newest ends the lapse.
-- Nothing lapses before the first cover.
runs as (
    select
        added.*,
        dates.reference_year,
        {{ highest_bit(power_of_two('dates.reference_year + 1 - ' ~ first_bit_year()) ~ ' - 1 - added.covered_years') }} as missed_bit
    from added
    inner join dates on added.province = dates.province
),

lapses as (
    select
        *,
        coalesce(reference_year - {{ first_bit_year() }} - missed_bit, reference_year + 1 - {{ first_bit_year() }}) as continuous_years,
        coalesce(
            missed_bit - {{ highest_bit('covered_years & (' ~ power_of_two('missed_bit') ~ ' - 1)') }},
            0
        ) as lapsed_years
    from runs
),

rules_in_force as (
    select
        rules.*,
        dates.reference_year
    from rules
    inner join dates on rules.province = dates.province and rules.from_year <= dates.reference_year
    where
        not exists (
            select 1 from rules as later
            where
                later.province = rules.province
                and later.from_year > rules.from_year
                and later.from_year <= dates.reference_year
        )
),

-- What of these years the rule in force counts.
counted as (
    select
        lapses.*,
        rules_in_force.waiting_months,
        rules_in_force.months_per_lapsed_year,
        rules_in_force.incentive_yuan_per_year,
        rules_in_force.incentive_at_most_yuan,
        least(
            lapses.lapsed_years,
            lapses.reference_year - lapses.continuous_years + 1 - rules_in_force.counted_from
        ) as waited_years,
        least(lapses.continuous_years, lapses.reference_year + 1 - rules_in_force.counted_from)
        - rules_in_force.incentive_after_years as incentive_years
    from lapses
    left join rules_in_force on lapses.province = rules_in_force.province
),

final as (
    select
        counted.file_person_key,
        counted.reference_year,
        counted.province,
        cast(counted.number_count as smallint) as number_count,
        coalesce(counted.sex, 'unknown') as sex,
        counted.birth_month,
        counted.is_dead,
        cast(counted.spell_count as smallint) as spell_count,
        cast(counted.open_spell_count as smallint) as open_spell_count,
        coalesce(counting.scheme, counted.scheme) as scheme,
        coalesce(counting.insured_region, counted.insured_region) as insured_region,
        counted.first_begin_date,
        counted.last_end_date,
        cast(coalesce(gaps.gap_count, 0) as smallint) as gap_count,
        cast(coalesce(gaps.gap_days, 0) as integer) as gap_days,
        counted.covered_years,
        cast(counted.continuous_years as smallint) as continuous_years,
        cast(counted.lapsed_years as smallint) as lapsed_years,
        -- L62: who comes back after a lapse waits in the year of the return; residents only.
        cast(case
            when
                coalesce(counting.scheme, counted.scheme) = 'resident'
                and counted.continuous_years = 1
                and counted.waited_years > 0
                then counted.waiting_months + counted.months_per_lapsed_year * counted.waited_years
        end as smallint) as waiting_months,
        cast(case
            when coalesce(counting.scheme, counted.scheme) = 'resident' and counted.incentive_years > 0
                then least(counted.incentive_yuan_per_year * counted.incentive_years, counted.incentive_at_most_yuan)
        end as integer) as incentive_yuan
    from counted
    left join gaps on counted.file_person_key = gaps.file_person_key
    left join counting on counted.file_person_key = counting.file_person_key
)

select * from final
