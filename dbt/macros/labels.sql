{# Labels of cells by the definitions of their province and year; one text for settlements, stays and their trace. #}

{# Columns of the long measure table, in order; a cube without a label has 'none' there. #}
{% macro label_columns() -%}
    {{ return([
        'scheme', 'member_status', 'hospital_tier', 'visit_type', 'travel_class', 'area', 'payment_place', 'age_group',
        'sex', 'employer_group', 'fund_mode', 'resident_group', 'household', 'premium_subsidy', 'person_group',
        'population_group', 'destination', 'benefit_type', 'care_setting', 'disease_payment', 'fund_type', 'direction',
        'fund_item', 'care_pilot', 'filing_way', 'payment_kind', 'population_kind', 'reported_indicator', 'paid_by',
        'two_disease', 'subsidy_source', 'list_cover', 'stay_filing', 'referral',
    ]) }}
{%- endmacro %}

{# Prefecture-level region of a place; a place that no register knows still belongs somewhere, so that parts add up. #}
{% macro prefecture_of(region, province, place) -%}
    coalesce({{ place }}.prefecture_code, left({{ region }}, 4) || '00', left({{ province }}, 2) || '9999')
{%- endmacro %}

{# R24: unknown is listed apart unless the definition counts it as active; a scheme without the split has 'none'. #}
{% macro member_status_label(scheme, status, choices) -%}
    case
        when {{ scheme }} <> 'employee' then {{ status }}
        when {{ status }} in ('active', 'retired') then {{ status }}
        when {{ choices }}.person_type_unknown = 'active' then 'active'
        else 'unknown'
    end
{%- endmacro %}

{# R16, L47: the group of an employer, by its kind, or by how it is managed first: virtual units are those of flexible workers
   and others, ordinary ones belong where their kind says. #}
{% macro employer_group_label(cells, choices) -%}
    case
        when {{ choices }}.employer_group = 'emp_mgt_type' and {{ cells }}.employer_unit = 'virtual' then 'flexible_other'
        when {{ choices }}.employer_group = 'emp_mgt_type' and {{ cells }}.employer_unit = 'unknown' then 'unknown'
        else coalesce({{ cells }}.employer_group, 'unknown')
    end
{%- endmacro %}

{% macro person_group_label(scheme, status) -%}
    case when {{ scheme }} = 'employee' then 'employee_' || {{ status }} else {{ scheme }} end
{%- endmacro %}

{# The code that decides the tier, by the chosen column. #}
{% macro tier_code(cells, choices) -%}
    coalesce(
        case {{ choices }}.tier_column
            when 'dedc_hosp_lv' then {{ cells }}.dedc_hosp_lv
            when 'lmtpric_hosp_lv' then {{ cells }}.lmtpric_hosp_lv
            when 'registry_at_discharge' then {{ cells }}.registry_hosp_lv
            else {{ cells }}.hosp_lv
        end,
        'none'
    )
{%- endmacro %}

{# R21, L3: what kind of maternity benefit a cell is; family planning and antenatal care joined the figure in 2023. Antenatal
   checks have care types of their own (L49). #}
{% macro benefit_type_label(care_group, care_type, provider_kind) -%}
    case
        when {{ provider_kind }} = 'pharmacy' then 'none'
        when {{ care_group }} = 'maternity_inpatient' then 'maternity_inpatient'
        when {{ care_group }} <> 'maternity_outpatient' then 'none'
        when {{ care_type }} like '53%' then 'family_planning'
        when {{ care_type }} like '5101%' then 'antenatal'
        else 'maternity_outpatient'
    end
{%- endmacro %}

{# Out of area is geography seen through the dated pooling level (L5, L7). #}
{% macro area_label(travel_class, pooling_level) -%}
    case
        when {{ travel_class }} = 'unknown' then 'unknown'
        when {{ travel_class }} = 'cross_province' then 'out_of_area'
        when {{ travel_class }} = 'in_province' and {{ pooling_level }} = 'prefecture' then 'out_of_area'
        else 'local'
    end
{%- endmacro %}

{# L23: where care out of the prefecture was given, as a region code. #}
{% macro destination_label(travel_class, destination_region) -%}
    case when {{ travel_class }} in ('local', 'unknown') then {{ travel_class }} else coalesce({{ destination_region }}, 'unknown') end
{%- endmacro %}

{# L21: whether the premium of an insured resident was subsidised, by the identity that the payment names. #}
{% macro premium_subsidy_label(scheme, identity_code, identity_group) -%}
    case
        when {{ scheme }} <> 'resident' then 'none'
        when {{ identity_code }} = 'none' or {{ identity_group }} = 'other' then 'not_subsidised'
        when {{ identity_group }} is not null then 'subsidised'
        else 'unknown'
    end
{%- endmacro %}

{# First day of an integer month. #}
{% macro first_day_of(month) -%}
    make_date(cast(floor({{ month }} / 100) as integer), cast({{ month }} % 100 as integer), 1)
{%- endmacro %}

{# L64: who of the list is rural low-income or was lifted out of poverty. #}
{% macro rural_low_income_groups() -%}
    (
        'destitute', 'minimum_living', 'low_income_margin', 'anti_poverty_monitored', 'illness_impoverished',
        'lifted_out_of_poverty'
    )
{%- endmacro %}
