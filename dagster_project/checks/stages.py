"""Running the checks of one stage: judge with Great Expectations, count, give a status, store.

Belongs here: the order of work and the meaning of a status. Does not belong here: single checks (the stage modules).

A status: `pass`; `warn` when a rule that does not block is broken, or a finding lies below its threshold; `fail` when
a rule of severity error is broken; `error` when a check could not run; `not_applicable` when its table or an extract
that it needs has not been delivered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import dedent
from typing import Any

import duckdb

from dagster_project.checks import core, indicator, landing, publication, store
from dagster_project.checks.catalogue import catalogue
from dagster_project.checks.gx_adapter import Verdict, judging
from dagster_project.checks.model import Check, CheckResult, Rule, Stage, Status
from dagster_project.checks.samples import sample_rows
from dagster_project.checks.waivers import with_waivers
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.warehouse import connect

_NOTHING = Text("没有可检查的行", "no row to look at")
Plan = Callable[[Settings, duckdb.DuckDBPyConnection, str], list[Check]]
PLANS: dict[Stage, Plan] = {
    "landing": landing.plan,
    "core": core.plan,
    "indicator": indicator.plan,
    "publication": publication.plan,
}


def run_stage(settings: Settings, stage: Stage, run_id: str) -> list[CheckResult]:
    """Run all checks of a stage, store them in `ops.check_result` and return them in the order of the catalogue."""
    with connect(settings) as connection:
        store.prepare(connection)
        rules = {rule.id: rule for rule in catalogue().values() if rule.stage == stage}
        checks = {check.rule: check for check in PLANS[stage](settings, connection, run_id)}
        results = judged(connection, rules, checks, run_id)
        store.write_results(connection, run_id, stage, results)
        return with_waivers(connection, results)


def judged(
    connection: duckdb.DuckDBPyConnection, rules: dict[str, Rule], checks: dict[str, Check], run_id: str
) -> list[CheckResult]:
    """Results of these rules in their order; nothing is stored."""
    absent = _absent(connection, rules)
    verdicts = _judge(connection, rules, [checks[one] for one in rules if one in checks and one not in absent])
    return [
        _result(run_id, rule, "not_applicable", note=absent.get(rule.id))
        if rule.id in absent or rule.id not in checks
        else _weigh(connection, run_id, rule, checks[rule.id], verdicts[rule.id])
        for rule in rules.values()
    ]


def filled(text: str, rule: Rule) -> str:
    """A SQL text with the rule's numbers in place; `{batch}` is left for whoever runs it."""
    return dedent(text).strip().replace("{threshold}", f"{rule.threshold:g}").replace("{at_least}", str(rule.at_least))


def _for_judge(query: str) -> str:
    """The query as Great Expectations reads it, a format string: every brace doubled but the batch's."""
    return query.replace("{", "{{").replace("}", "}}").replace("{{batch}}", "{batch}")


def _absent(connection: duckdb.DuckDBPyConnection, rules: dict[str, Rule]) -> dict[str, Text]:
    """Why a rule says nothing here: its table does not exist, or an extract it needs was never loaded."""
    tables = {
        f"{schema}.{name}"
        for schema, name in connection.execute(
            "select table_schema, table_name from information_schema.tables"
        ).fetchall()
    }
    loaded: set[str] = set()
    if "ops.load" in tables:
        loaded = {row[0] for row in connection.execute('select distinct "extract" from ops.load').fetchall()}
    reasons = {}
    for rule in rules.values():
        missing = [extract for extract in rule.needs if extract not in loaded]
        if rule.table not in tables:
            reasons[rule.id] = Text(f"没有表 {rule.table}", f"there is no table {rule.table}")
        elif missing:
            reasons[rule.id] = Text(f"没有送达 {', '.join(missing)}", f"{', '.join(missing)} was never delivered")
    return reasons


def _judge(
    connection: duckdb.DuckDBPyConnection, rules: dict[str, Rule], checks: Sequence[Check]
) -> dict[str, Verdict]:
    """Verdicts by rule id; checks of one table share one batch and one validation."""
    by_table: dict[str, list[Check]] = {}
    for check in checks:
        by_table.setdefault(rules[check.rule].table, []).append(check)
    verdicts: dict[str, Verdict] = {}
    if not by_table:
        return verdicts
    with judging(connection) as judge:
        for table, group in by_table.items():
            entries = [check.expect or _for_judge(filled(check.bad, rules[check.rule])) for check in group]
            try:
                answers = judge.verdicts(table, entries)
            except Exception as error:  # whatever stops the judge is an unjudged check, never a pass and never a crash
                answers = [Verdict(None, str(error))] * len(group)
            verdicts.update({check.rule: answer for check, answer in zip(group, answers, strict=True)})
    return verdicts


def _weigh(
    connection: duckdb.DuckDBPyConnection, run_id: str, rule: Rule, check: Check, verdict: Verdict
) -> CheckResult:
    """The verdict with its numbers and, where it is not a plain pass, rows that a person can look at."""
    listed = filled(check.bad or "select * from {batch} where " + _condition(check), rule).replace(
        "{batch}", rule.table
    )
    query = filled(check.rows, rule).replace("{batch}", rule.table) or listed
    if verdict.held is None:
        return _result(run_id, rule, "error", query=query, problem=verdict.problem)
    try:
        if check.counted and not _scalar(connection, rule, check.counted):
            return _result(run_id, rule, "not_applicable", query=query, note=_NOTHING)
        found = _scalar(connection, rule, check.found or f"select count(*) from ({listed})")
        total = _scalar(connection, rule, check.total)
        status: Status = "pass" if verdict.held else ("fail" if rule.severity == "error" else "warn")
        if status == "pass" and found > 0 and rule.finding:
            status = "warn"
        samples: tuple[dict[str, Any], ...] = ()
        if status != "pass":
            try:
                samples = sample_rows(connection, query)
            except duckdb.CatalogException:  # the rows' own table is not there: the judged table lists what it can
                query = listed
                samples = sample_rows(connection, query)
    except duckdb.Error as error:
        return _result(run_id, rule, "error", query=query, problem=str(error))
    percent = round(100.0 * found / total, 6) if total else None
    result = _result(run_id, rule, status, query=query, unexpected=found, total=total, percent=percent)
    return CheckResult(**{**result.__dict__, "samples": samples})


def _condition(check: Check) -> str:
    if check.expect is None:
        raise ValueError(f"check {check.rule} has neither a query nor an expectation")
    return check.expect.violated()


def _scalar(connection: duckdb.DuckDBPyConnection, rule: Rule, query: str) -> int:
    row = connection.execute(filled(query, rule).replace("{batch}", rule.table)).fetchone()
    return int(row[0] or 0) if row else 0


def _result(
    run_id: str,
    rule: Rule,
    status: Status,
    *,
    query: str = "",
    note: Text | None = None,
    problem: str = "",
    unexpected: int | None = None,
    total: int | None = None,
    percent: float | None = None,
) -> CheckResult:
    text = rule.help
    if note:
        text = f"{Text(f'不适用：{note.zh}', f'Not applicable: {note.en}')} | {text}"
    if problem:
        text = f"检查未能运行 / The check could not run: {problem} | {text}"
    return CheckResult(
        run_id=run_id, stage=rule.stage, table_name=rule.table, check_name=rule.id, severity=rule.severity,
        status=status, unexpected=unexpected, total=total, percent=percent, threshold=rule.threshold,
        rows_query=query, help=text, blocks=rule.blocks,
    )  # fmt: skip
