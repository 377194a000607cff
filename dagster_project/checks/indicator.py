"""Indicator: identities, ranges, parts and wholes, jumps and groups that vanished.

Belongs here: the checks of stage `indicator`, on the long table of values and the small tables beside it. Does not
belong here: shapes (dbt tests), disclosure (stage `publication`), texts and thresholds (`rules.yml`).
"""

from __future__ import annotations

import duckdb

from dagster_project.checks.model import Check, Expect
from dagster_project.settings import Settings

_SHOWN = (
    "select v.indicator_id, v.year, v.month, v.region_code, v.scheme, v.hospital_tier, v.numerator, v.denominator, "
    "v.value, v.unit, v.status from {batch} as v join ops.indicator_dictionary as d using (indicator_id) where "
)
_COUNTED = "select count(*) from {batch} as v join ops.indicator_dictionary as d using (indicator_id) where "


def plan(settings: Settings, connection: duckdb.DuckDBPyConnection, run_id: str) -> list[Check]:
    """The checks of the indicator layer."""
    return [*_identities(), *_values(), *_over_time()]


def _identities() -> list[Check]:
    return [
        _own(
            "own_identity_broken", "identity_id not in ('regions', 'within_tiers') and identity_id not like 'parts:%'"
        ),
        _own("parts_are_not_the_whole", "identity_id like 'parts:%'"),
        _own("province_is_not_its_parts", "identity_id = 'regions'"),
        _own("tier_means_outside", "identity_id = 'within_tiers'"),
        Check(
            rule="published_identity_broken",
            bad="select * from {batch} where status not in ('holds', 'known_exception') order by all",
        ),
        Check(
            rule="published_identity_exception",
            bad="select identity_id, year, difference, note, expression from {batch} "
            "where status = 'known_exception' order by all",
        ),
    ]


def _own(rule: str, kind: str) -> Check:
    """The identities of one kind, evaluated by dbt on our own numbers; none of them may fail."""
    return Check(
        rule=rule,
        bad=f"select * from {{batch}} where {kind} and not coalesce(holds, false) order by all",
        total=f"select count(*) from {{batch}} where {kind}",
        counted=f"select count(*) from {{batch}} where {kind}",
    )


def _values() -> list[Check]:
    percent = "d.kind = 'ratio' and d.unit = '%' and "
    reported = "indicator_id in (select indicator_id from ops.indicator_term where cube = 'reported')"
    count = "d.kind = 'count'"
    # As booked, a reversal is taken back in its own month (L36): where it is alone, the count of a small cell is below 0.
    booked = "select definition_id from indicator.definition where switch = 'reversal_measure' and value = 'ledger'"
    valued = "v.value is not null"
    outside = " and (v.value < 0 or v.value > if(indicator_id = 'coverage_rate', 130, 100))"
    return [
        Check(
            rule="ratio_out_of_range",
            bad=_SHOWN + percent + "not " + reported + outside,
            total=_COUNTED + percent + "not " + reported,
        ),
        Check(
            rule="reported_ratio_out_of_range",
            bad=_SHOWN + percent + reported + outside,
            total=_COUNTED + percent + reported,
        ),
        Check(
            rule="count_negative",
            bad=_SHOWN + count + f" and v.value < 0 and v.definition_id not in ({booked})",
            total=_COUNTED + count,
        ),
        Check(
            rule="value_missing",
            bad="select * from {batch} where status in ('provisional', 'final') and value is null",
        ),
        Check(
            rule="reason_missing",
            bad="select * from {batch} where status = 'not_computable' and coalesce(trim(reason), '') = ''",
            total="select count(*) from {batch} where status = 'not_computable'",
        ),
        Check(
            rule="value_is_not_the_ratio",
            bad=_SHOWN + valued + " and not coalesce(abs(v.value - v.numerator::double * d.scale::double "
            "/ (if(d.kind = 'ratio' or v.denominator is not null, v.denominator::double, 1) * d.unit_factor::double)) "
            "<= 1e-9 * greatest(1, abs(v.value)), false)",
            total=_COUNTED + valued,
        ),
        Check(rule="region_code_malformed", expect=Expect("match_regex", "region_code", regex="^[0-9]{6}$")),
    ]


def _whole(year: str) -> str:
    """SQL: the year has its December, so that it may be held against the year before (L27); true without settlements."""
    return (
        f"coalesce((select max(month) >= ({year}) || '12' from ops.load_month "
        "where extract = 'setl_d' and regexp_matches(month, '^[0-9]{6}$')), true)"
    )


def _over_time() -> list[Check]:
    # Growth on a deficit says nothing, and of 247 indicators an editor answers for those the bulletin prints.
    headline = (
        "join ops.indicator_dictionary as d using (indicator_id) "
        "where d.headline = 'Y' and c.previous_value > 0 and c.region_level <> 'county' and " + _whole("c.year")
    )
    # Regions and schemes under one definition: a changed one may empty a group lawfully (pooling at the province).
    annual = (
        "select v.* from {batch} as v join ops.indicator_dictionary as d using (indicator_id) where d.kind = 'count' "
        "and v.period_kind = 'year' and v.region_level <> 'county' and v.hospital_tier = 'total' "
        "and v.visit_type = 'total' and v.travel_class = 'total' and coalesce(v.other_dimension, 'total') = 'total'"
    )
    return [
        Check(
            rule="year_on_year_jump",
            bad="select c.* from {batch} as c " + headline + " and abs(growth_percent) > {threshold} "
            "and coalesce(break_id, '') = '' order by abs(growth_percent) desc",
            total="select count(*) from {batch} as c " + headline,
        ),
        Check(
            rule="group_vanished",
            bad=f"""
            with annual as ({annual}),
            delivered as (select distinct indicator_id, definition_id, year from annual where numerator > 0)
            select p.indicator_id, p.region_code, p.scheme, p.year + 1 as year, p.numerator as last_year,
                c.numerator as this_year
            from annual as p
            join delivered as y
                on y.indicator_id = p.indicator_id and y.definition_id = p.definition_id and y.year = p.year + 1
            left join annual as c on c.indicator_id = p.indicator_id and c.year = p.year + 1
                and c.region_code = p.region_code and c.scheme = p.scheme and c.member_status = p.member_status
            where p.numerator >= {{at_least}} and coalesce(c.numerator, 0) = 0 and coalesce(c.status, '') <> 'not_computable'
                and {_whole("p.year + 1")}
            """,
            total=f"select count(*) from ({annual})",
        ),
        Check(
            rule="ledger_bridge",
            bad="""
            with ledger as (
                select year, scheme_code, sum(amount_yuan) as ledger_yuan
                from {batch} where item_code = 'E01' and fund_type = '统筹' and direction = '支出' group by all
            ),
            settled as (
                select settlement_month // 100 as year, if(scheme_code = '510', '310', scheme_code) as scheme_code,
                    sum(pool_pay_yuan) as settled_yuan
                from cube.cube_settlement
                where reversal_class in ('live', 'reversed', 'flagged_alone', 'restoring', 'reversing') group by all
            )
            select year, scheme_code, ledger_yuan, settled_yuan, settled_yuan - ledger_yuan as difference_yuan,
                round(100.0 * (settled_yuan - ledger_yuan) / nullif(ledger_yuan, 0), 2) as percent
            from ledger join settled using (year, scheme_code)
            where abs(settled_yuan - ledger_yuan) * 100 > {threshold} * abs(ledger_yuan) order by all
            """,
            total="select count(distinct (year, scheme_code)) from {batch} where item_code = 'E01' and fund_type = '统筹'",
        ),
    ]
