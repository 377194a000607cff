with insured as (
    select * from {{ ref('fct_enrolment_date') }}
),

spells as (
    select * from {{ ref('fct_enrolment') }}
),

registrations as (
    select
        {{ uuid_to_key('psn_no') }} as person_key,
        load_id,
        source_row
    from {{ ref('stg_psn_info_b') }}
    where is_current
),

contributions as (
    select * from {{ ref('fct_contribution') }}
),

provinces as (
    select distinct province from insured
),

reference_dates as (
    {{ reference_dates('provinces') }}
),

settlements as (
    select * from {{ ref('fct_settlement') }}
),

stays as (
    select * from {{ ref('fct_stay') }}
),

group_results as (
    select * from {{ ref('fct_group_result') }}
),

reversals as (
    select * from {{ ref('settlement_link') }}
    where is_valid and original_load_id is not null
),

-- The certificate decides about double enrolment, the registration about sex and age.
persons_of_insured as (
    select
        insured.reference_year,
        insured.load_id,
        insured.source_row,
        registrations.load_id as deciding_load_id,
        registrations.source_row as deciding_source_row
    from insured
    inner join spells on insured.load_id = spells.load_id and insured.source_row = spells.source_row
    inner join registrations on spells.person_key = registrations.person_key
),

-- What was paid for the spell, unless the spell counts without payment.
payments_of_insured as (
    select
        insured.reference_year,
        insured.load_id,
        insured.source_row,
        contributions.load_id as deciding_load_id,
        contributions.source_row as deciding_source_row
    from insured
    inner join spells on insured.load_id = spells.load_id and insured.source_row = spells.source_row
    inner join reference_dates
        on insured.province = reference_dates.province and insured.reference_year = reference_dates.reference_year
    inner join contributions on spells.spell_id = contributions.spell_id and spells.province = contributions.province
    where
        not {{ is_insured_unpaid('spells', 'reference_dates') }}
        and {{ pays_for('contributions', 'reference_dates') }}
),

-- A stay begins with the earliest of its settlements, and its money is theirs.
rows_of_stays as (
    select
        stays.load_id,
        stays.source_row,
        settlements.settlement_id,
        settlements.load_id as deciding_load_id,
        settlements.source_row as deciding_source_row
    from stays
    inner join settlements
        on
            stays.province = settlements.province
            and stays.encounter_id = settlements.encounter_id
            and settlements.is_stay_row
            and settlements.reversal_class = 'live'
),

results_of_stays as (
    select
        rows_of_stays.load_id,
        rows_of_stays.source_row,
        group_results.load_id as deciding_load_id,
        group_results.source_row as deciding_source_row
    from rows_of_stays
    inner join group_results on rows_of_stays.settlement_id = group_results.settlement_id
),

-- L72, L88: what the person filed for care elsewhere.
filings_of_stays as (
    select
        stays.load_id,
        stays.source_row,
        filings.load_id as deciding_load_id,
        filings.source_row as deciding_source_row
    from stays
    inner join {{ ref('fct_filing') }} as filings
        on
            stays.person_key = filings.person_key
            and left(stays.destination_region, 2) = left(filings.goal_region, 2)
            and stays.begin_date between filings.begin_date and filings.end_date
    where stays.stay_filing = 'filed' or stays.referral <> 'none'
),

-- L87: the lines that say what was examined, when and for how much.
lines_of_exams as (
    select
        load_id,
        source_row,
        line_load_id as deciding_load_id,
        line_source_row as deciding_source_row
    from {{ ref('settled_line') }}
    where exam_kind is not null
),

-- L87: the lines of the exam that one repeats, which may lie in the year before.
lines_of_earlier_exams as (
    select
        repeated.load_id,
        repeated.source_row,
        earlier.line_load_id as deciding_load_id,
        earlier.line_source_row as deciding_source_row
    from {{ ref('repeated_exam') }} as repeated
    inner join {{ ref('settled_line') }} as earlier
        on
            repeated.earlier_load_id = earlier.load_id
            and repeated.earlier_source_row = earlier.source_row
            and repeated.exam_kind = earlier.exam_kind
),

final as (
    select
        'enrolment' as cube,
        reference_year,
        load_id,
        source_row,
        deciding_load_id,
        deciding_source_row
    from persons_of_insured
    union all
    select
        'enrolment' as cube,
        reference_year,
        load_id,
        source_row,
        deciding_load_id,
        deciding_source_row
    from payments_of_insured
    {%- for relation in ['lines_of_exams', 'lines_of_earlier_exams'] %}
    union all
    select
        'large_exam' as cube,
        cast(null as integer) as reference_year,
        load_id,
        source_row,
        deciding_load_id,
        deciding_source_row
    from {{ relation }}
    {%- endfor %}
    {%- for cube in ['visit', 'stay', 'stay_end'] %}
    {%- for relation in ['rows_of_stays', 'results_of_stays', 'filings_of_stays'] %}
    union all
    select
        '{{ cube }}' as cube,
        cast(null as integer) as reference_year,
        load_id,
        source_row,
        deciding_load_id,
        deciding_source_row
    from {{ relation }}
    {%- endfor %}
    {%- endfor %}
    {%- for cube in ['settlement', 'visit', 'stay', 'stay_end', 'assistance', 'listed_care', 'person'] %}
    union all
    select
        '{{ cube }}' as cube,
        cast(null as integer) as reference_year,
        original_load_id as load_id,
        original_source_row as source_row,
        load_id as deciding_load_id,
        source_row as deciding_source_row
    from reversals
    {%- endfor %}
)

select * from final
