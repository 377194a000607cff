with enrolment as (
    select * from {{ ref('fct_enrolment_date') }}
),

final as (
    select
        reference_year,
        province,
        insured_region,
        scheme_code,
        member_status,
        employer_type,
        employer_group,
        employer_unit,
        fund_mode,
        resident_group,
        household,
        premium_identity_code,
        sex,
        age_group,
        count(*) as persons
    from enrolment
    group by
        reference_year,
        province,
        insured_region,
        scheme_code,
        member_status,
        employer_type,
        employer_group,
        employer_unit,
        fund_mode,
        resident_group,
        household,
        premium_identity_code,
        sex,
        age_group
)

{{ as_text('final', [
    'province',
    'insured_region',
    'scheme_code',
    'member_status',
    'employer_type',
    'employer_group',
    'employer_unit',
    'fund_mode',
    'resident_group',
    'household',
    'premium_identity_code',
    'sex',
    'age_group',
]) }}
