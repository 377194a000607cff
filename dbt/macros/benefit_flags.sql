{# Benefits of a person as flags of one whole number, so that months are joined by bit_or and nobody counts twice. One list
   for the months of persons and for what figures ask of them. #}

{# Kinds of care as fine as any definition tells them apart: what labels a kind (a row of visit_type_label stands for it),
   and the condition on a settlement. Each has three flags: settled at all, paid by any fund, paid by the pooled fund. #}
{% macro care_kinds() -%}
    {%- set hospital = "provider_kind <> 'pharmacy'" -%}
    {{ return([
        ('ordinary_outpatient', 'hospital', false, "care_group = 'ordinary_outpatient' and " ~ hospital),
        ('chronic_outpatient', 'hospital', false, "care_group = 'chronic_outpatient' and " ~ hospital),
        ('pharmacy', 'pharmacy', false, "care_group <> 'chronic_outpatient' and provider_kind = 'pharmacy' or care_group = 'pharmacy'"),
        ('chronic_outpatient', 'pharmacy', false, "care_group = 'chronic_outpatient'"),
        ('inpatient', 'hospital', false, "care_group = 'inpatient'"),
        ('emergency', 'hospital', true, "care_group = 'emergency' and care_type = '1301'"),
        ('emergency', 'hospital', false, "care_group = 'emergency'"),
        ('maternity_inpatient', 'hospital', false, "care_group = 'maternity_inpatient'"),
        ('maternity_outpatient', 'hospital', false, "care_group = 'maternity_outpatient'"),
        ('home_bed', 'hospital', false, "care_group = 'home_bed'"),
        ('unknown', 'hospital', false, 'true'),
    ]) }}
{%- endmacro %}

{# How a settlement was paid, in the order of the three flags of a kind: name, condition. #}
{% macro care_payments() -%}
    {{ return([
        ('any_settlement', 'true'),
        ('any_fund', 'fund_pay_yuan > 0'),
        ('pool', 'pool_pay_yuan > 0'),
    ]) }}
{%- endmacro %}

{# The two diseases with an outpatient drug benefit (L49): three flags each, behind those of the kinds of care. #}
{% macro two_diseases() -%}
    {{ return(['hypertension', 'diabetes', 'unspecified']) }}
{%- endmacro %}

{# Payments that have one flag whatever the care was, behind those of the kinds: name, condition. #}
{% macro other_payments() -%}
    {{ return([
        ('serious_illness', 'serious_illness_pay_yuan <> 0'),
    ]) }}
{%- endmacro %}

{# The flags of one settlement. #}
{% macro benefit_flags() -%}
    case
        {%- for group, provider, is_rescue, condition in care_kinds() %}
        when {{ condition }} then cast({{ 8 ** loop.index0 }} as bigint)
        {%- endfor %}
        end
        * ({{ payment_factor() }})
        + case two_disease
        {%- for disease in two_diseases() %}
        when '{{ disease }}' then cast({{ 8 ** (care_kinds() | length + loop.index0) }} as bigint)
        {%- endfor %}
        else 0
        end
        * ({{ payment_factor() }})
        {%- for name, condition in other_payments() %}
        + case when {{ condition }} then cast({{ other_flag(name) }} as bigint) else 0 end
        {%- endfor %}
{%- endmacro %}

{# One to seven: the three flags of a kind by the ways in which a settlement was paid. #}
{% macro payment_factor() -%}
    {%- for name, condition in care_payments() -%}
        {{ ' + ' if not loop.first }}case when {{ condition }} then {{ 2 ** loop.index0 }} else 0 end
    {%- endfor -%}
{%- endmacro %}

{# Everything that a figure may ask of persons (label paid_by): name, the breakdown of it, condition on a settlement. #}
{% macro ways_of_paying() -%}
    {%- set ways = [] -%}
    {%- for name, condition in care_payments() -%}
        {%- do ways.append((name, 'visit_type', condition)) -%}
    {%- endfor -%}
    {%- for name, condition in care_payments() -%}
        {%- do ways.append(('two_disease_' ~ name, 'two_disease', "two_disease <> 'none' and " ~ condition)) -%}
    {%- endfor -%}
    {%- for name, condition in other_payments() -%}
        {%- do ways.append((name, 'none', condition)) -%}
    {%- endfor -%}
    {{ return(ways) }}
{%- endmacro %}

{# The flag of a payment that has only one. #}
{% macro other_flag(payment) -%}
    {%- for name, condition in other_payments() if name == payment -%}
        {{ 8 ** (care_kinds() | length + two_diseases() | length) * 2 ** loop.index0 }}
    {%- endfor -%}
{%- endmacro %}

{# The flags of kinds of care: what labels the kind, the payment, the flag. #}
{% macro care_flag_rows() -%}
    {%- for group, provider, is_rescue, condition in care_kinds() %}
    {%- set kind = loop.index0 %}
    {%- for payment, paid in care_payments() %}
    {{ 'union all' if not (loop.first and kind == 0) }}
    select
        '{{ group }}' as care_group,
        '{{ provider }}' as provider_kind,
        {{ is_rescue }} as is_rescue,
        '{{ payment }}' as paid_by,
        cast({{ 8 ** kind * 2 ** loop.index0 }} as bigint) as flag
    {%- endfor %}
    {%- endfor %}
{%- endmacro %}

{# The flags of the two diseases: disease, payment, flag. #}
{% macro disease_flag_rows() -%}
    {%- for disease in two_diseases() %}
    {%- set place = care_kinds() | length + loop.index0 %}
    {%- set is_first = loop.first %}
    {%- for payment, paid in care_payments() %}
    {{ 'union all' if not (loop.first and is_first) }}
    select
        '{{ disease }}' as two_disease,
        'two_disease_{{ payment }}' as paid_by,
        cast({{ 8 ** place * 2 ** loop.index0 }} as bigint) as flag
    {%- endfor %}
    {%- endfor %}
{%- endmacro %}
