with identities as (
    select * from {{ ref('stg_psn_idet_info_b') }} where is_current
),

persons as (
    select * from {{ ref('dim_person') }}
),

labels as (
    select * from {{ ref('identity_label') }}
),

-- L64: the person whom the platform has matched; whom it has not, the certificate names as it names everybody else.
final as (
    select
        identities.province,
        identities.idet_id as identity_id,
        coalesce(persons.natural_person_key, {{ uuid_to_key('identities.certno') }}) as natural_person_key,
        {{ uuid_to_key('identities.psn_no') }} as person_key,
        identities.admdvs as region_code,
        identities.psn_idet_type as identity_code,
        coalesce(labels.identity_group, 'unknown') as population_group,
        identities.rurl_flag = '1' as is_rural,
        cast(identities.begntime as date) as valid_from,
        coalesce(cast(identities.endtime as date), date '9999-12-31') as valid_to,
        identities.load_id,
        identities.source_row
    from identities
    left join persons on {{ uuid_to_key('identities.psn_no') }} = persons.person_key
    left join labels
        on identities.province = labels.province and identities.psn_idet_type = labels.identity_code
)

select * from final
