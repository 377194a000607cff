"""Landing: what intake recorded of files, loads, rules and codes.

Belongs here: the checks of stage `landing`, all of them on the small tables of `ops`. Does not belong here: row rules
(intake applies the contracts), texts and thresholds (`rules.yml`).
"""

from __future__ import annotations

import duckdb

from dagster_project.checks.catalogue import extract_uses
from dagster_project.checks.model import Check
from dagster_project.settings import Settings

# The newest word on each file: a refused file that was corrected under the same name is no longer refused.
_LATEST_FILES = """
select * from {batch} qualify row_number() over (partition by source_file order by seen_at desc, status) = 1
"""
_RULE_ROWS = """
select "extract", rule_id, column_name, sum(unexpected) as row_count, sum(total) as total_rows,
    round(100.0 * sum(unexpected) / nullif(sum(total), 0), 4) as percent, sum(money) as money_yuan
from {batch} where unexpected > 0 and
"""


def plan(settings: Settings, connection: duckdb.DuckDBPyConnection, run_id: str) -> list[Check]:
    """The checks of intake."""
    return [*_loads(), *_files(), *_rules(), *_deliveries()]


def _loads() -> list[Check]:
    rows = 'select load_id, "extract", source_file, rows_read, rows_accepted, rows_quarantined'
    read = "select sum(rows_read) from {batch}"
    return [
        Check(
            rule="load_rows_accounted",
            bad=rows + " from {batch} where rows_read is distinct from rows_accepted + rows_quarantined",
        ),
        Check(
            rule="load_parts_within_accepted",
            bad=rows + ", rows_superseded, rows_warned from {batch} where least(rows_superseded, rows_warned, "
            "rows_accepted, rows_quarantined) < 0 or greatest(rows_superseded, rows_warned) > rows_accepted",
        ),
        Check(
            rule="quarantine_share",
            bad='select "extract", sum(rows_read) as rows_read, sum(rows_quarantined) as rows_quarantined, '
            "round(100.0 * sum(rows_quarantined) / sum(rows_read), 4) as percent from {batch} group by all "
            "having sum(rows_quarantined) >= {at_least} and sum(rows_quarantined) * 100 > {threshold} * sum(rows_read)",
            found="select sum(rows_quarantined) from {batch}",
            total=read,
        ),
        Check(rule="load_without_rows", bad=rows + " from {batch} where rows_read = 0"),
    ]


def _files() -> list[Check]:
    seen = "select count(distinct source_file) from {batch}"
    columns = 'select source_file, "extract", reason, seen_at from (' + _LATEST_FILES + ") where status = "
    return [
        Check(rule="file_refused", bad=columns + "'refused'", total=seen),
        Check(rule="file_unknown", bad=columns + "'unknown'", total=seen),
    ]


def _rules() -> list[Check]:
    by_rule = " group by all order by row_count desc"

    def rows_of(condition: str) -> Check:
        return Check(
            rule="",
            bad=_RULE_ROWS + condition + by_rule,
            found="select sum(unexpected) from {batch} where " + condition,
            total="select sum(rows_read) from ops.load",
        )

    held = "rule_id = 'code_unknown' and severity = 'error'"
    codes = (
        'select c."extract", c.column_name, c.code_set, c.code, sum(c."rows") as row_count, sum(c.money) as money_yuan '
        'from ops.unmapped_code as c semi join {batch} as r on r.load_id = c.load_id and r."extract" = c."extract" '
        "and r.column_name = c.column_name and r.unexpected > 0 and r.{severity} group by all order by row_count desc"
    )
    outside = "rule_id = 'code_unknown' and severity = 'warning'"
    return [
        _named(
            "code_unknown", rows_of(held), codes.replace("{severity}", held.replace(" and severity", " and r.severity"))
        ),
        _named(
            "code_outside_set",
            rows_of(outside),
            codes.replace("{severity}", outside.replace(" and severity", " and r.severity")),
        ),
        _named("row_rule_quarantined", rows_of("rule_id <> 'code_unknown' and severity = 'error'")),
        Check(
            rule="row_rule_warned",
            bad=_RULE_ROWS
            + "rule_id <> 'code_unknown' and severity = 'warning' group by all "
            + "having sum(unexpected) * 100 > {threshold} * sum(total) and sum(unexpected) >= 6 order by row_count desc",
            found="select sum(unexpected) from {batch} where rule_id <> 'code_unknown' and severity = 'warning'",
            total="select sum(rows_read) from ops.load",
        ),
    ]


def _named(rule: str, check: Check, rows: str = "") -> Check:
    return Check(rule=rule, bad=check.bad, found=check.found, total=check.total, rows=rows)


def _deliveries() -> list[Check]:
    uses = extract_uses()
    wanted = ", ".join(f"('{extract}', '{use.zh}', '{use.en}')" for extract, use in uses.items())
    return [
        Check(
            rule="required_extract_missing",
            bad=f'select v."extract", v.cannot_be_computed_zh, v.cannot_be_computed_en from (values {wanted}) '
            'as v("extract", cannot_be_computed_zh, cannot_be_computed_en) '
            'where v."extract" not in (select "extract" from {batch})',
            total=f"select {len(uses)}",
        ),
        Check(
            rule="delivered_month_gap",
            bad="""
            with delivered as (
                select distinct "extract", strptime("month", '%Y%m')::date as month_begin
                from {batch} where regexp_matches("month", '^[0-9]{6}$')
            ),
            expected as (
                select "extract", unnest(generate_series(min(month_begin), max(month_begin), interval 1 month))::date
                    as month_begin
                from delivered group by "extract"
            )
            select "extract", strftime(month_begin, '%Y%m') as missing_month
            from expected anti join delivered using ("extract", month_begin) order by all
            """,
            total="""select count(distinct ("extract", "month")) from {batch} where "month" <> 'all'""",
        ),
    ]
