{# Labels on cells, one macro a subject: the same text labels the cells of a cube and, when a figure is traced, the rows of
   the fact. `carried` are the columns that pass through unchanged. #}

{% macro settlement_labels(cells, carried) -%}
    select
        counted.province,
        counted.region_code,
        counted.year,
        counted.statistics_month as month,
        counted.scheme,
        {{ member_status_label('counted.scheme', 'counted.member_status', 'counted') }} as member_status,
        coalesce(tiers.hospital_tier, 'unknown') as hospital_tier,
        visit_types.visit_type,
        counted.travel_class,
        {{ area_label('counted.travel_class', "coalesce(pooling.pooling_level, 'prefecture')") }} as area,
        {{ destination_label('counted.travel_class', 'counted.destination_region') }} as destination,
        counted.payment_place,
        counted.age_group,
        {{ benefit_type_label('counted.care_group', 'counted.care_type', 'counted.provider_kind') }} as benefit_type,
        counted.two_disease,
        counted.visit_weight,
        counted.stay_weight,
        counted.money_weight,
        counted.stands,
        {%- for column in carried %}
        counted.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            cells.*,
            choices.year,
            choices.person_type_unknown,
            weights.visit_weight,
            weights.stay_weight,
            weights.money_weight,
            weights.stands,
            coalesce(schemes.scheme, 'unknown') as scheme,
            {{ tier_code('cells', 'choices') }} as tier_code,
            {{ prefecture_of('cells.insured_region', 'cells.province', 'places') }} as region_code
        from {{ cells }} as cells
        inner join {{ ref('label_choice') }} as choices
            on cells.province = choices.province and {{ year_of('cells.statistics_month') }} = choices.year
        inner join {{ ref('reversal_weight') }} as weights
            on
                choices.province = weights.province
                and choices.year = weights.year
                and cells.reversal_class = weights.reversal_class
        left join {{ ref('scheme_map') }} as schemes on cells.scheme_code = schemes.scheme_code
        {{ join_place('cells.insured_region', first_day_of('cells.statistics_month')) }}
    ) as counted
    inner join {{ ref('visit_type_label') }} as visit_types
        on
            counted.province = visit_types.province
            and counted.year = visit_types.year
            and counted.care_group = visit_types.care_group
            and counted.provider_kind = visit_types.provider_kind
            and (counted.care_group = 'emergency' and counted.care_type = '1301') = visit_types.is_rescue
    left join {{ ref('tier_label') }} as tiers
        on
            counted.province = tiers.province
            and counted.year = tiers.year
            and counted.tier_code = tiers.tier_code
    left join {{ ref('pooling_month') }} as pooling
        on counted.statistics_month = pooling.month and counted.region_code = pooling.region_code
{%- endmacro %}

{# The definitions of its statistics year label a stay, also where it counts by the year of its end (R18). Only kinds that
   are counted in stays come out; emergency care is outpatient care unless the definition says otherwise. #}
{% macro stay_labels(cells, carried) -%}
    select
        placed.province,
        placed.region_code,
        placed.year,
        placed.counted_month as month,
        {{ year_of('placed.end_month') }} as end_year,
        placed.scheme,
        {{ member_status_label('placed.scheme', 'placed.member_status', 'placed') }} as member_status,
        coalesce(tiers.hospital_tier, 'unknown') as hospital_tier,
        visit_types.visit_type,
        placed.travel_class,
        {{ area_label('placed.travel_class', "coalesce(pooling.pooling_level, 'prefecture')") }} as area,
        {{ destination_label('placed.travel_class', 'placed.destination_region') }} as destination,
        placed.payment_place,
        placed.age_group,
        {{ benefit_type_label('placed.care_group', 'placed.care_type', "'hospital'") }} as benefit_type,
        case when placed.is_disease_eligible then 'eligible' else 'other' end
        || case when placed.is_disease_paid then '_paid' else '_unpaid' end as disease_payment,
        placed.stay_filing,
        placed.referral,
        {%- for column in carried %}
        placed.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            cells.*,
            {{ stay_month('cells', 'discharge_choices') }} as counted_month,
            choices.year,
            choices.person_type_unknown,
            coalesce(schemes.scheme, 'unknown') as scheme,
            {{ tier_code('cells', 'choices') }} as tier_code,
            {{ prefecture_of('cells.insured_region', 'cells.province', 'places') }} as region_code
        from {{ cells }} as cells
        left join {{ ref('label_choice') }} as discharge_choices
            on cells.province = discharge_choices.province and {{ year_of('cells.statistics_month') }} = discharge_choices.year
        inner join {{ ref('label_choice') }} as choices
            on
                cells.province = choices.province
                and {{ year_of(stay_month('cells', 'discharge_choices')) }} = choices.year
        left join {{ ref('scheme_map') }} as schemes on cells.scheme_code = schemes.scheme_code
        {{ join_place('cells.insured_region', first_day_of('cells.discharge_month')) }}
    ) as placed
    inner join {{ ref('visit_type_label') }} as visit_types
        on
            visit_types.provider_kind = 'hospital'
            and placed.province = visit_types.province
            and placed.year = visit_types.year
            and placed.care_group = visit_types.care_group
            and (placed.care_group = 'emergency' and placed.care_type = '1301') = visit_types.is_rescue
    left join {{ ref('tier_label') }} as tiers
        on
            placed.province = tiers.province
            and placed.year = tiers.year
            and placed.tier_code = tiers.tier_code
    left join {{ ref('pooling_month') }} as pooling
        on placed.counted_month = pooling.month and placed.region_code = pooling.region_code
    where visit_types.visit_type in ('inpatient', 'maternity_inpatient', 'home_bed')
{%- endmacro %}

{# L46: the month in which a stay counts. What was chosen for the year of its discharge decides, so that a stay counts once,
   also where the choice changes from one year to the next. #}
{% macro stay_month(cells, choices, discharged='statistics_month') -%}
    case {{ choices }}.stay_year when 'last_row' then {{ cells }}.last_month else {{ cells }}.{{ discharged }} end
{%- endmacro %}

{% macro enrolment_labels(cells, carried) -%}
    select
        cells.province,
        {{ prefecture_of('cells.insured_region', 'cells.province', 'places') }} as region_code,
        cells.reference_year as year,
        coalesce(schemes.scheme, 'unknown') as scheme,
        {{ member_status_label("coalesce(schemes.scheme, 'unknown')", 'cells.member_status', 'choices') }} as member_status,
        cells.age_group,
        coalesce(cells.sex, 'unknown') as sex,
        {{ employer_group_label('cells', 'choices') }} as employer_group,
        coalesce(cells.fund_mode, 'unknown') as fund_mode,
        coalesce(cells.resident_group, 'unknown') as resident_group,
        coalesce(cells.household, 'unknown') as household,
        {{ premium_subsidy_label("coalesce(schemes.scheme, 'unknown')", 'cells.premium_identity_code', 'identities.identity_group') }} as premium_subsidy,
        {%- for column in carried %}
        cells.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ cells }} as cells
    inner join {{ ref('label_choice') }} as choices
        on cells.province = choices.province and cells.reference_year = choices.year
    left join {{ ref('scheme_map') }} as schemes on cells.scheme_code = schemes.scheme_code
    left join {{ ref('identity_label') }} as identities
        on cells.province = identities.province and cells.premium_identity_code = identities.identity_code
    {{ join_place('cells.insured_region', 'make_date(cells.reference_year, 12, 31)') }}
{%- endmacro %}

{% macro fund_labels(cells, carried) -%}
    select
        cells.province,
        {{ prefecture_of('cells.region_code', 'cells.province', 'places') }} as region_code,
        {{ year_of('cells.month') }} as year,
        cells.month,
        cells.item_code,
        coalesce(schemes.scheme, 'unknown') as scheme,
        case cells.fund_type
            when '统筹' then 'pool'
            when '个人账户' then 'account'
            when '大病' then 'serious_illness'
            when '救助' then 'assistance'
            when '生育' then 'maternity'
            when '长护' then 'long_term_care'
            else 'unknown'
        end as fund_type,
        case cells.direction
            when '收入' then 'income'
            when '支出' then 'expenditure'
            when '结余' then 'balance'
            else 'unknown'
        end as direction,
        case cells.item_code
            when 'I01' then 'premium'
            when 'I02' then 'interest'
            when 'I03' then 'fiscal_subsidy'
            when 'I09' then 'other_income'
            else 'other'
        end as fund_item,
        -- Which of the long-term care funds are those of a pilot area; a pilot may be a county, a prefecture or a municipality.
        case
            when cells.fund_type <> '长护' then 'none'
            when
                cells.region_code in (select region_code from {{ ref('ltc_pilot') }})
                or places.prefecture_code in (select region_code from {{ ref('ltc_pilot') }})
                or cells.province in (select region_code from {{ ref('ltc_pilot') }}) then 'pilot'
            else 'other'
        end as care_pilot,
        {%- for column in carried %}
        cells.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ cells }} as cells
    inner join {{ ref('label_choice') }} as choices
        on cells.province = choices.province and {{ year_of('cells.month') }} = choices.year
    left join {{ ref('scheme_map') }} as schemes on cells.scheme_code = schemes.scheme_code
    {{ join_place('cells.region_code', first_day_of('cells.month')) }}
{%- endmacro %}

{% macro allowance_labels(cells, carried) -%}
    select
        cells.province,
        {{ prefecture_of('cells.region_code', 'cells.province', 'places') }} as region_code,
        {{ year_of('cells.month') }} as year,
        'allowance' as benefit_type,
        {%- for column in carried %}
        cells.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ cells }} as cells
    {{ join_place('cells.region_code', first_day_of('cells.month')) }}
{%- endmacro %}

{# L11: everything that is not inpatient care in a hospital is outpatient. #}
{# `group` is the population group where the cells know it; else it is that of the identity which the settlement names. #}
{% macro assistance_labels(cells, month, carried, group=none) -%}
    select
        cells.province,
        {{ prefecture_of('cells.insured_region', 'cells.province', 'places') }} as region_code,
        {{ year_of('cells.' ~ month) }} as year,
        coalesce(schemes.scheme, 'unknown') as scheme,
        case
            when cells.care_group in ('inpatient', 'maternity_inpatient') and cells.provider_kind <> 'pharmacy' then 'inpatient'
            else 'outpatient'
        end as care_setting,
        -- L22: the list that the settlement names; assistance to somebody whose list is not written is listed apart.
        {{ group or "coalesce(identities.identity_group, 'unknown')" }} as population_group,
        {%- for column in carried %}
        cells.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ cells }} as cells
    left join {{ ref('scheme_map') }} as schemes on cells.scheme_code = schemes.scheme_code
    {%- if not group %}
    left join {{ ref('identity_label') }} as identities
        on cells.province = identities.province and cells.special_person_type = identities.identity_code
    {%- endif %}
    {{ join_place('cells.insured_region', first_day_of('cells.' ~ month)) }}
{%- endmacro %}

{% macro premium_subsidy_labels(cells, carried) -%}
    select
        cells.province,
        {{ prefecture_of('cells.insured_region', 'cells.province', 'places') }} as region_code,
        cells.insurance_year as year,
        cells.subsidy_source,
        cells.population_group,
        {%- for column in carried %}
        cells.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ cells }} as cells
    {{ join_place('cells.insured_region', 'make_date(cells.insurance_year, 12, 31)') }}
{%- endmacro %}

{# The place of a region code on a day; codes retire and are found all the same. #}
{% macro join_place(region, day) -%}
    left join {{ ref('dim_region') }} as places
            on
                {{ region }} = places.region_code
                and {{ day }} between places.lookup_from and places.lookup_to
{%- endmacro %}

{% macro filing_labels(cells, carried) -%}
    select
        cells.province,
        {{ prefecture_of('cells.insured_region', 'cells.province', 'places') }} as region_code,
        {{ year_of('cells.month') }} as year,
        coalesce(schemes.scheme, 'unknown') as scheme,
        cells.travel_class,
        cells.filing_way,
        {%- for column in carried %}
        cells.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ cells }} as cells
    left join {{ ref('scheme_map') }} as schemes on cells.scheme_code = schemes.scheme_code
    {{ join_place('cells.insured_region', first_day_of('cells.month')) }}
{%- endmacro %}

{% macro payment_labels(cells, carried) -%}
    select
        cells.province,
        {{ prefecture_of('cells.region_code', 'cells.province', 'places') }} as region_code,
        cells.year,
        cells.payment_kind,
        {%- for column in carried %}
        cells.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ cells }} as cells
    {{ join_place('cells.region_code', 'make_date(cells.year, 12, 31)') }}
{%- endmacro %}

{% macro listed_labels(cells, carried) -%}
    select
        cells.province,
        {{ prefecture_of('cells.region_code', 'cells.province', 'places') }} as region_code,
        cells.reference_year as year,
        cells.population_group,
        cells.list_cover,
        {%- for column in carried %}
        cells.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ cells }} as cells
    {{ join_place('cells.region_code', 'make_date(cells.reference_year, 12, 31)') }}
{%- endmacro %}

{# What is counted by settlement as netting and the measure of reversals have it: negotiated drugs, triple protection. #}
{% macro netted_labels(cells, carried) -%}
    select
        cells.province,
        {{ prefecture_of('cells.insured_region', 'cells.province', 'places') }} as region_code,
        weights.year,
        coalesce(schemes.scheme, 'unknown') as scheme,
        weights.visit_weight,
        weights.money_weight,
        {%- for column in carried %}
        cells.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ cells }} as cells
    inner join {{ ref('reversal_weight') }} as weights
        on
            cells.province = weights.province
            and {{ year_of('cells.statistics_month') }} = weights.year
            and cells.reversal_class = weights.reversal_class
    left join {{ ref('scheme_map') }} as schemes on cells.scheme_code = schemes.scheme_code
    {{ join_place('cells.insured_region', first_day_of('cells.statistics_month')) }}
{%- endmacro %}

{# Only exams of settlements that stand come here (L87). #}
{% macro exam_labels(cells, carried) -%}
    select
        cells.province,
        {{ prefecture_of('cells.insured_region', 'cells.province', 'places') }} as region_code,
        {{ year_of('cells.statistics_month') }} as year,
        coalesce(schemes.scheme, 'unknown') as scheme,
        {%- for column in carried %}
        cells.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ cells }} as cells
    left join {{ ref('scheme_map') }} as schemes on cells.scheme_code = schemes.scheme_code
    {{ join_place('cells.insured_region', first_day_of('cells.statistics_month')) }}
{%- endmacro %}

{% macro network_labels(cells, carried) -%}
    select
        cells.province,
        {{ prefecture_of('cells.region_code', 'cells.province', 'places') }} as region_code,
        cells.year,
        cells.provider_kind,
        cells.network,
        {%- for column in carried %}
        cells.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ cells }} as cells
    {{ join_place('cells.region_code', 'make_date(cells.year, 12, 31)') }}
{%- endmacro %}

{# Figures that an extract tells or, where it does not, a department. #}
{% macro told_items() -%}
    'xprov_network_institutions', 'xprov_network_inpatient', 'xprov_network_outpatient', 'xprov_network_pharmacy',
        'prepayment_amount'
{%- endmacro %}

{# The networked providers that are published, by kind of provider: several items may count one institution. #}
{% macro network_items() -%}
    {%- for item, kind in [
        ('institutions', 'hospital'), ('institutions', 'pharmacy'), ('inpatient', 'hospital'), ('outpatient', 'hospital'),
        ('pharmacy', 'pharmacy'),
    ] %}
    {{ 'union all' if not loop.first }}
    select
        'xprov_network_{{ item }}' as item,
        '{{ kind }}' as provider_kind
    {%- endfor %}
{%- endmacro %}

{% macro is_networked(item, network) -%}
    {{ network }} in ('inpatient', 'outpatient', 'both')
            and not ({{ item }} = 'xprov_network_inpatient' and {{ network }} = 'outpatient')
            and not ({{ item }} = 'xprov_network_outpatient' and {{ network }} = 'inpatient')
{%- endmacro %}

{# Visits and what the three layers paid of them, by month, place, scheme and class of reversal (L66, L67): one cube for whoever is
   said to be poor by the list, one for whoever is by the assistance paid. #}
{% macro relief_cells(relation) -%}
with settlements as (
    select * from {{ relation }}
),

clock_choices as (
    {{ choice_of('stat_clock') }}
),

placed as (
    select
        settlements.*,
        {{ month_by_clock(
            'clock_choices.value', 'settlements.settlement_month', 'settlements.end_month', 'settlements.create_month'
        ) }} as statistics_month
    from settlements
    left join clock_choices
        on settlements.province = clock_choices.province and {{ year_of('settlements.settlement_month') }} = clock_choices.year
),

final as (
    select
        settlement_month,
        statistics_month,
        province,
        insured_region,
        scheme_code,
        reversal_class,
        count(*) filter (where is_visit) as visits,
        cast(sum(relief_yuan) as decimal(18, 2)) as relief_yuan
    from placed
    group by settlement_month, statistics_month, province, insured_region, scheme_code, reversal_class
)

{{ as_text('final', ['province', 'insured_region', 'scheme_code', 'reversal_class']) }}
{%- endmacro %}

{# Such cells with labels, netted in both reversal measures and added up by year. #}
{% macro relief_labels(cube) -%}
with labelled as (
    {{ netted_labels(cube, ['visits', 'relief_yuan']) }}
),

final as (
    select
        province,
        region_code,
        year,
        scheme,
        cast(sum(visits * visit_weight) as bigint) as visits,
        cast(sum(relief_yuan * money_weight) as decimal(24, 2)) as relief_yuan
    from labelled
    group by province, region_code, year, scheme
)

select * from final
{%- endmacro %}
