{%- for cube, extract in [
    ('settlement', 'setl_d'), ('visit', 'setl_d'), ('stay', 'setl_d'), ('stay_end', 'setl_d'), ('assistance', 'setl_d'),
    ('person', 'setl_d'),
    ('enrolment', 'psn_insu_d'), ('fund', 'fund_ledger_m'), ('maternity_allowance', 'matn_alwn_crtf_d'),
    ('population', 'population_ref'), ('reported', 'adm_return'), ('told', 'adm_return'), ('filing', 'out_appy_d'),
    ('payment', 'med_dfr_d'), ('listed', 'psn_idet_info_b'), ('negotiated_drug', 'fee_list_d'), ('large_exam', 'fee_list_d'), ('triple_protection', 'psn_idet_info_b'),
    ('assisted_care', 'setl_d'), ('listed_care', 'psn_idet_info_b'),
    ('premium_subsidy', 'rsdt_psn_clct_detl_d'),
] %}
{{ 'union all' if not loop.first }}
select
    '{{ cube }}' as cube,
    '{{ extract }}' as extract
{%- endfor %}
