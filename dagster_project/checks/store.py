"""`ops.check_result`: writing the results of a stage, reading those of a run and the newest of all stages.

Belongs here: the table and the questions asked of it. Does not belong here: judging, rendering.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from dagster_project.checks.catalogue import catalogue
from dagster_project.checks.model import STAGES, CheckResult, Stage
from dagster_project.durable import durable_step
from dagster_project.warehouse import only_reads, roll_back

_DDL = """
create table if not exists ops.check_result (
    run_id varchar, stage varchar, table_name varchar, check_name varchar, severity varchar,
    unexpected bigint, total bigint, percent double, threshold double,
    status varchar, rows_query varchar, help varchar
)
"""
# Findings taken as they are (`waivers.py`).
_WAIVERS = """
create table if not exists ops.waiver (
    waiver_id integer, check_name varchar, region varchar, month varchar, reason varchar, who varchar, until date, known bigint,
    made_at timestamp, run_id varchar, revoked_at timestamp, revoked_by varchar, revoked_reason varchar, known_cells varchar
)
"""
_COLUMNS = (
    "run_id, stage, table_name, check_name, severity, unexpected, total, percent, threshold, status, rows_query, help"
)


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables where they are missing; nothing in a home that can only be read."""
    if only_reads(connection):
        return
    connection.execute("create schema if not exists ops")
    connection.execute(_DDL)
    connection.execute(_WAIVERS)
    connection.execute("alter table ops.waiver add column if not exists known_cells varchar")


def write_results(
    connection: duckdb.DuckDBPyConnection, run_id: str, stage: Stage, results: Sequence[CheckResult]
) -> None:
    """Replace the results of one stage of one run, in one transaction."""
    rows = [
        (
            result.run_id, result.stage, result.table_name, result.check_name, result.severity,
            result.unexpected, result.total, result.percent, result.threshold,
            result.status, result.rows_query, result.help,
        )
        for result in results
    ]  # fmt: skip
    connection.execute("begin")
    try:
        connection.execute("delete from ops.check_result where run_id = ? and stage = ?", [run_id, stage])
        if rows:
            places = ", ".join("?" * len(rows[0]))
            connection.executemany(f"insert into ops.check_result ({_COLUMNS}) values ({places})", rows)
        with durable_step(f"checks.{stage}.commit"):
            connection.execute("commit")
    except BaseException:
        roll_back(connection)
        raise


def read_results(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[CheckResult]:
    """All results of a run, in the order of the catalogue; empty when nothing was checked."""
    prepare(connection)
    rules = catalogue()
    position = {rule_id: number for number, rule_id in enumerate(rules)}
    rows = connection.execute(f"select {_COLUMNS} from ops.check_result where run_id = ?", [run_id]).fetchall()
    results = [_from_row(row) for row in rows]
    return sorted(results, key=lambda result: position.get(result.check_name, len(position)))


def _from_row(row: tuple[Any, ...]) -> CheckResult:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    rule = catalogue().get(values["check_name"])
    return CheckResult(**values, blocks=rule.blocks if rule else "run")


@dataclass(frozen=True)
class Judged:
    """The last time a stage was judged: by which run, and when that began (None where no run is recorded).

    `is_overtaken`: a stage before it has been judged again since, so it may tell of other data.
    """

    stage: Stage
    run_id: str
    begun: datetime | None
    is_overtaken: bool


def last_judged(connection: duckdb.DuckDBPyConnection) -> list[Judged]:
    """Each stage that was ever judged, in the order of the stages.

    Which run was the last is told by the order in which results were written: several runs may begin within one second.
    """
    prepare(connection)
    rows = connection.execute(
        "select stage, arg_max(run_id, rowid), max(rowid) from ops.check_result group by stage"
    ).fetchall()
    last = {stage: (str(run_id), int(place)) for stage, run_id, place in rows}
    recorded = connection.execute(
        "select 1 from information_schema.tables where table_schema = 'ops' and table_name = 'run'"
    ).fetchone()
    begun = dict(connection.execute("select run_id, started_at from ops.run").fetchall()) if recorded else {}
    found: list[Judged] = []
    newest = -1
    for stage in STAGES:
        if stage in last:
            run_id, place = last[stage]
            found.append(Judged(stage, run_id, begun.get(run_id), place < newest))
            newest = max(newest, place)
    return found


def newest_results(connection: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """The newest result of every check of every stage, whatever run judged it, in the order of the catalogue.

    No single run tells the state of a home: an export judges its documents alone, intake alone what was delivered. Each has the
    waivers that cover it now.
    """
    from dagster_project.checks.waivers import with_waivers

    return with_waivers(
        connection,
        [
            result
            for judged in last_judged(connection)
            for result in read_results(connection, judged.run_id)
            if result.stage == judged.stage
        ],
    )


def release_blockers(connection: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """The newest results for which nothing may be frozen as final."""
    return [result for result in newest_results(connection) if result.holds_release]
