"""Waivers: a known finding taken as it is until a day, with reason and owner (L34).

Belongs here: the table, which finding a waiver covers, making and revoking one. Does not belong here: judging (`stages.py`), what
follows from a result (`gate.py`, the freeze), the command (`verbs/waivers.py`).

A waiver changes no result: the finding is judged, counted and shown as before, beside who took it, why and until when. It only
no longer blocks. What has grown since, in all or in one region or month, or lies outside those it was given for, blocks as ever:
as many rows of another month are another finding.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple, fields, replace
from datetime import date

import duckdb

from dagster_project.checks import store
from dagster_project.checks.model import CheckResult, Waiver
from dagster_project.china_time import today
from dagster_project.durable import durable_step
from dagster_project.errors import UserError
from dagster_project.language import Text
from dagster_project.settings import now

_COLUMNS = ", ".join(field.name for field in fields(Waiver))
_SCOPES = {
    "region": ("region_code", "region", "admdvs", "insured_region"),
    "month": ("settlement_month", "month", "missing_month"),
}


def all_waivers(connection: duckdb.DuckDBPyConnection) -> list[Waiver]:
    """Every waiver that was ever made, the newest last."""
    store.prepare(connection)
    found = connection.execute("select * from ops.waiver order by waiver_id")
    names = [str(column[0]) for column in found.description or ()]
    return [Waiver(**dict(zip(names, row, strict=True))) for row in found.fetchall()]


def is_in_force(waiver: Waiver) -> bool:
    """Whether a waiver has neither been revoked nor run out: it ends with its day in China."""
    return waiver.revoked_at is None and today() <= waiver.until


def with_waivers(connection: duckdb.DuckDBPyConnection, results: Sequence[CheckResult]) -> list[CheckResult]:
    """The results with the waivers that cover them; a check that could not run is no known finding."""
    in_force: dict[str, list[Waiver]] = {}
    for waiver in all_waivers(connection):
        if is_in_force(waiver):
            in_force.setdefault(waiver.check_name, []).append(waiver)
    return [
        replace(result, waivers=_covering(connection, result, in_force[result.check_name]))
        if result.status in ("fail", "warn") and result.check_name in in_force
        else result
        for result in results
    ]


def _covering(
    connection: duckdb.DuckDBPyConnection, result: CheckResult, waivers: Sequence[Waiver]
) -> tuple[Waiver, ...]:
    """The waivers that cover a finding whole: one for all of it, or some for regions and months that leave nothing outside."""
    scoped = [waiver for waiver in waivers if waiver.region or waiver.month]
    try:
        for waiver in waivers:
            if (
                waiver not in scoped
                and (result.unexpected or 0) <= waiver.known
                and _is_within(connection, result, waiver)
            ):
                return (waiver,)
        inside = {waiver: _count(connection, result, [waiver]) for waiver in scoped}
        covering = tuple(
            waiver
            for waiver, count in inside.items()
            if count <= waiver.known and _is_within(connection, result, waiver)
        )
        return covering if covering and _count(connection, result, covering, outside=True) == 0 else ()
    except (duckdb.Error, UserError):  # the tables have moved on since: what cannot be told apart is not covered
        return ()


def _is_within(connection: duckdb.DuckDBPyConnection, result: CheckResult, waiver: Waiver) -> bool:
    """Whether no region and month has more listed rows now than it had when the waiver was made."""
    if not waiver.known_cells:
        return True
    known = {(region, month): listed for region, month, listed in json.loads(waiver.known_cells)}
    return all(listed <= known.get((region, month), 0) for region, month, listed in _cells(connection, result, waiver))


def _cells(connection: duckdb.DuckDBPyConnection, result: CheckResult, waiver: Waiver) -> list[tuple[str, str, int]]:
    """Listed rows by region and month, of those a waiver is given for; none where rows have neither."""
    if not result.rows_query:
        return []
    columns = [_scope_column(connection, result, scope) for scope in _SCOPES]
    if not any(columns):
        return []
    region, month = (f"coalesce(cast(\"{column}\" as varchar), '')" if column else "''" for column in columns)
    return connection.execute(
        f"select region, month, count(*) from (select {region} as region, {month} as month from ({result.rows_query})) "
        "where $1 in ('', region) and $2 in ('', month) group by region, month order by region, month",
        [waiver.region, waiver.month],
    ).fetchall()


def _scope_column(connection: duckdb.DuckDBPyConnection, result: CheckResult, scope: str) -> str | None:
    names = {str(row[0]) for row in connection.execute(f"describe select * from ({result.rows_query})").fetchall()}
    return next((name for name in _SCOPES[scope] if name in names), None)


def _count(
    connection: duckdb.DuckDBPyConnection, result: CheckResult, waivers: Sequence[Waiver], outside: bool = False
) -> int:
    """Listed rows of a finding inside (or outside) the regions and months of some waivers. Raises UserError without such columns."""
    listed = f"({result.rows_query})"
    columns = {scope: _scope_column(connection, result, scope) for scope in _SCOPES}
    values: list[str] = []
    either = []
    for waiver in waivers:
        parts = []
        for scope, value in (("region", waiver.region), ("month", waiver.month)):
            column = columns[scope]
            if value and column is None:
                raise _refused(
                    Text("这项检查的行不分地区或月份。", "The rows of this check are not told by region or month."),
                    result.check_name, Text("不写 --region、--month。", "Leave --region and --month out."),
                )  # fmt: skip
            if value:
                values.append(value)
                parts.append(f'cast("{column}" as varchar) = ${len(values)}')
        either.append(f"({' and '.join(parts)})")
    condition = f"coalesce({' or '.join(either)}, false)"
    row = connection.execute(
        f"select count(*) from {listed} where {'not ' if outside else ''}{condition}", values
    ).fetchone()
    return int(row[0]) if row else 0


def make(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    region: str,
    month: str,
    reason: str,
    who: str,
    until: date,
    run_id: str,
) -> Waiver:
    """Take the newest finding of a check as it is. Raises UserError (exit 2) when there is none to take, or the day has passed."""
    wanted = name.rpartition(".")[2]
    open_findings = {
        result.check_name: result for result in store.newest_results(connection) if result.status in ("fail", "warn")
    }
    if wanted not in open_findings:
        raise _refused(
            Text(f"没有未了结的问题“{name}”。", f"“{name}” is no open finding."), "、".join(open_findings),
            Text("名称见检查页；未能运行的检查不能豁免。", "Names are on the page of checks; a check that could not run cannot be waived."),
        )  # fmt: skip
    if until < today():
        raise _refused(
            Text("截止日期已过。", "That day has passed."), until.isoformat(),
            Text("写今天或以后的日期。", "Give today or a later day."),
        )  # fmt: skip
    result = open_findings[wanted]
    last = connection.execute("select coalesce(max(waiver_id), 0) from ops.waiver").fetchone()
    waiver = Waiver(
        (int(last[0]) if last else 0) + 1,
        wanted,
        region,
        month,
        reason,
        who,
        until,
        result.unexpected or 0,
        now(),
        run_id,
    )
    if region or month:
        waiver = replace(waiver, known=_count(connection, result, [waiver]))
        if not waiver.known:
            raise _refused(
                Text("该地区或月份没有这个问题。", "The finding has no row of that region or month."), f"{region} {month}",
                Text("核对检查页列出的行。", "See the rows on the page of checks."),
            )  # fmt: skip
    if cells := _cells(connection, result, waiver):
        waiver = replace(waiver, known_cells=json.dumps(cells))
    with durable_step("waiver.make"):
        connection.execute(
            f"insert into ops.waiver ({_COLUMNS}) values ({', '.join('?' * len(fields(Waiver)))})",
            list(astuple(waiver)),
        )
    return waiver


def revoke(connection: duckdb.DuckDBPyConnection, waiver_id: int, reason: str, who: str) -> Waiver:
    """End a waiver before its day, on record. Raises UserError (exit 2) when it is not in force."""
    found = [waiver for waiver in all_waivers(connection) if waiver.waiver_id == waiver_id and is_in_force(waiver)]
    if not found:
        raise _refused(
            Text(f"没有生效中的豁免 {waiver_id}。", f"No waiver {waiver_id} is in force."), str(waiver_id),
            Text("编号见 bulletin waivers。", "Numbers: bulletin waivers."),
        )  # fmt: skip
    with durable_step("waiver.revoke"):
        connection.execute(
            "update ops.waiver set revoked_at = ?, revoked_by = ?, revoked_reason = ? where waiver_id = ?",
            [now(), who, reason, waiver_id],
        )
    return found[0]


def _refused(what: Text, where: str, todo: Text) -> UserError:
    return UserError(what, where=where, todo=todo)
