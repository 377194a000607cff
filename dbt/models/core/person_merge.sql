-- Only numbers that share a certificate are looked at again: one person in a hundred.
with shared as (
    select natural_person_key
    from {{ ref('dim_person') }}
    group by natural_person_key
    having count(*) > 1
),

numbers as (
    select
        {{ uuid_to_key('psn_no') }} as person_key,
        {{ uuid_to_key('certno') }} as natural_person_key,
        case when gend in ('1', '2') then gend end as sex_code,
        brdy as birth_month,
        updt_time,
        load_id,
        source_row
    from {{ ref('stg_psn_info_b') }}
    where
        is_current
        and {{ uuid_to_key('certno') }} in (select shared.natural_person_key from shared)
),

-- What the certificate is held to say: the newest row that names both, then the newest; no order by a pseudonym.
newest as (
    select
        *,
        row_number() over (
            partition by natural_person_key
            order by
                case when sex_code is not null and birth_month is not null then 1 else 2 end asc,
                updt_time desc,
                birth_month asc,
                sex_code asc
        ) as row_rank
    from numbers
),

compared as (
    select
        numbers.*,
        coalesce(numbers.birth_month <> newest.birth_month, false) as is_other_birth,
        coalesce(numbers.sex_code <> newest.sex_code, false) as is_other_sex,
        numbers.birth_month is null or newest.birth_month is null or numbers.sex_code is null or newest.sex_code is null as is_silent
    from numbers
    inner join newest on numbers.natural_person_key = newest.natural_person_key and newest.row_rank = 1
),

-- L60: a slip changes one of the two; where both are other ones, the certificate is somebody else's.
reasoned as (
    select
        *,
        case
            when is_other_birth and is_other_sex then 'contradicted'
            when is_other_birth then 'birth_month_differs'
            when is_other_sex then 'sex_differs'
            when is_silent then 'certificate_alone'
            else 'certificate_birth_sex'
        end as merge_reason
    from compared
),

final as (
    select
        person_key,
        natural_person_key,
        case when merge_reason = 'contradicted' then person_key else natural_person_key end as file_person_key,
        merge_reason,
        merge_reason <> 'contradicted' as is_merged,
        load_id,
        source_row
    from reasoned
)

select * from final
