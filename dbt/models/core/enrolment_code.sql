{# Codes of code_domain that come out of the extracts about enrolment. Apart from it, because months of settlements do not
   change them: every person's spells and payments are read again only when such an extract has been delivered. #}
{%- set lists = [
    ('region', 'provinces'),
    ('region', 'insured_regions'),
    ('scheme', 'schemes'),
] %}

with spells as (
    select
        province,
        insutype,
        insu_admdvs
    from {{ ref('stg_psn_insu_d') }}
    union all
    select
        province,
        insutype,
        insu_admdvs
    from {{ ref('stg_psn_insu_his_d') }}
),

-- One pass over the spells.
spell_lists as (
    select
        {{ distinct_values('province') }} as provinces,
        {{ distinct_values('insu_admdvs') }} as insured_regions,
        {{ distinct_values('insutype') }} as schemes
    from spells
),

found as (
    {%- for domain, column in lists %}
    select
        '{{ domain }}' as domain,
        {{ one_row_each(column) }} as code
    from spell_lists
    union all
    {%- endfor %}
    select
        'employer_type' as domain,
        emp_type as code
    from {{ ref('stg_insu_emp_info_b') }}
    union all
    select
        'identity' as domain,
        psn_idet_type as code
    from {{ ref('stg_rsdt_psn_clct_detl_d') }}
),

final as (
    select distinct
        domain,
        code
    from found
    where code is not null
)

select * from final
