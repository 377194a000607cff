with labelled as (
    {{ enrolment_labels(ref('cube_enrolment'), ['persons']) }}
),

final as (
    select
        province,
        region_code,
        year,
        scheme,
        member_status,
        age_group,
        sex,
        employer_group,
        fund_mode,
        resident_group,
        household,
        premium_subsidy,
        {{ person_group_label('scheme', 'member_status') }} as person_group,
        cast(sum(persons) as bigint) as persons
    from labelled
    group by province, region_code, year, scheme, member_status, age_group, sex, employer_group, fund_mode,
        resident_group, household, premium_subsidy
)

select * from final
