"""Which rows count at which step between two vintages, in the accounts of a home made for it.

Belongs here: the versions of both vintages, at which step a row enters or leaves, `ops` as of a step with the months that this makes
due. Does not belong here: what a row's cause is (`explain/between.py`), computing (`steps.py`).

A step is `ops.load` with the loads that are in and `ops.superseded` with every row of theirs that does not count: models read no
other word on which rows count, so nothing is added to them. What both vintages count is written down nowhere.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.contracts import Contract, load_contracts
from dagster_project.explain.between import classify, in_order, raw_rows
from dagster_project.explain.waterfall import CORRECTED, LATE, OLD, REVERSALS, TAKEN_OUT
from dagster_project.ingest.store import (
    OF_A_LOAD,
    SOURCE_HOME,
    UNLOADED,
    home_of,
    literal,
    read_files,
    refresh_views,
    set_meta,
)
from dagster_project.ingest.touched import COMPARED, months_compared
from dagster_project.ingest.versions import note_due, settle_versions

SETTLEMENTS = "setl_d"
_ACCOUNTS = ("load", "load_month", "redelivered")
_REASON = "corrected"
_BY_CAUSE = f"case cause when 'corrected' then {CORRECTED} when 'reversal' then {REVERSALS} else {LATE} end"


@dataclass(frozen=True)
class Moved:
    """What moved between two vintages: their loads, and the steps at which rows or loads come or go."""

    then: frozenset[int]
    here: frozenset[int]
    steps: tuple[int, ...]


def find_moved(
    connection: duckdb.DuckDBPyConnection, source: Path, then: Collection[int], here: Collection[int], until: str
) -> Moved:
    """Tables of the schema `split` for the two vintages with these loads; `connection` is that of a copy of the warehouse in `source`.

    `until` is when the older one was made (UTC, ISO): a file that was handed in again after it had not been by then.
    """
    old, new = frozenset(then), frozenset(here)
    _keep_accounts(connection, source)
    _settle(connection, "superseded_old", old, until)
    _settle(connection, "superseded_new", new, "")
    _put_in(connection, "load_month", old | new)
    refresh_views(connection)
    extracts = connection.execute(
        "select extract from split.load where list_contains($1::integer[], load_id) union "
        "(select extract from (from split.superseded_old except from split.superseded_new)) union "
        "(select extract from (from split.superseded_new except from split.superseded_old))",
        [sorted(old ^ new)],
    ).fetchall()
    for contract in in_order(connection, [str(name) for (name,) in extracts]):
        _place(connection, contract, old, new)
    found = {
        int(step)
        for (step,) in connection.execute(
            "select enters from split.moved_row union select leaves from split.moved_row where leaves is not null"
        ).fetchall()
    }
    steps = (found - {OLD}) | ({TAKEN_OUT} if old - new else set()) | ({LATE} if new - old else set())
    return Moved(old, new, tuple(sorted(steps)))


def _keep_accounts(connection: duckdb.DuckDBPyConnection, source: Path) -> None:
    """The accounts of all loads that the home has ever had, in and out, as they stand now."""
    set_meta(connection, SOURCE_HOME, str(source))
    connection.execute("create schema split")
    for table in _ACCOUNTS:
        connection.execute(
            f"create table split.{table} as select * from ops.{table} union all by name select * from ops.{UNLOADED}{table}"
        )
    for table in OF_A_LOAD:
        connection.execute(f"delete from ops.{UNLOADED}{table}")
    connection.execute("create table split.superseded as select * from ops.superseded")
    connection.execute("create table split.load_now as select load_id from ops.load")
    connection.execute(
        "create table split.moved_row (extract varchar, load_id integer, source_row bigint, enters integer, leaves integer)"
    )


def _put_in(connection: duckdb.DuckDBPyConnection, table: str, loads: Collection[int]) -> None:
    connection.execute(f"delete from ops.{table}")
    connection.execute(
        f"insert into ops.{table} by name select * from split.{table} where list_contains($1::integer[], load_id)",
        [sorted(loads)],
    )


def _settle(connection: duckdb.DuckDBPyConnection, name: str, loads: Collection[int], until: str) -> None:
    """Rows of these loads that did not count among them, into the table `name` of the schema `split`, and into ops.superseded.

    Versions are written down for the last winner only: loads with rows that a load outside has beaten are settled anew, and all
    loads of an extract of which a load was ever taken out, or a file handed in again only later.
    """
    for table in _ACCOUNTS:
        _put_in(connection, table, loads)
    wanted = sorted(loads)
    if until:
        connection.execute(
            "delete from ops.redelivered where delivered_at > cast($1 as timestamp) + interval 8 hours",
            [until.removesuffix("Z")],
        )
    now = [int(one) for (one,) in connection.execute("select load_id from split.load_now order by 1").fetchall()]
    if now != wanted or until:
        connection.execute(
            "create or replace temp table anew as select extract from ops.unload where not $2 union "
            "select load.extract from split.redelivered as again join split.load as load using (load_id) "
            "where list_contains($1::integer[], load_id) and not exists (select 1 from ops.redelivered as here "
            "where here.load_id = again.load_id and here.delivered_at = again.delivered_at)",
            [wanted, now == wanted],
        )
        connection.execute(
            "update ops.load set rows_superseded = null where extract in (from anew) or load_id in "
            "(select load_id from split.superseded where not list_contains($1::integer[], by_load_id))",
            [wanted],
        )
    else:
        connection.execute("create or replace temp table anew (extract varchar)")
    connection.execute("delete from ops.superseded")
    connection.execute(
        "insert into ops.superseded select * from split.superseded where extract not in (from anew) "
        "and list_contains($1::integer[], load_id) and list_contains($1::integer[], by_load_id)",
        [wanted],
    )
    settle_versions(connection)
    connection.execute(f"create table split.{name} as select distinct extract, load_id, source_row from ops.superseded")


def _place(
    connection: duckdb.DuckDBPyConnection, contract: Contract, then: Collection[int], here: Collection[int]
) -> None:
    """Steps at which rows of an extract enter or leave. A row leaves with what comes under its key, else it was taken out; what comes
    late does so with its load and stands in no table."""
    of_extract = {
        int(load)
        for (load,) in connection.execute(
            "select load_id from split.load where extract = $1 and list_contains($2::integer[], load_id)",
            [contract.name, sorted({*then, *here})],
        ).fetchall()
    }
    old, new = of_extract & set(then), of_extract & set(here)
    classify(connection, contract, sorted(old), sorted(new))
    name = literal(contract.name)
    connection.execute(
        f"insert into split.moved_row select {name}, load_id, source_row, {_BY_CAUSE}, null from fresh where cause <> 'late'"
    )
    connection.execute(
        "create or replace temp table off_and_on as select load_id, source_row, side from ("
        f"select load_id, source_row, 'off' as side from split.superseded_new where extract = {name} union all "
        f"select load_id, source_row, 'on' from split.superseded_old where extract = {name}) "
        "where list_contains($1::integer[], load_id) qualify count(*) over (partition by load_id, source_row) = 1",
        [sorted(old & new)],
    )
    connection.execute(
        f"insert into split.moved_row select {name}, load_id, source_row, {TAKEN_OUT}, null from off_and_on where side = 'on'"
    )
    leaving = sorted({int(load) for (load,) in connection.execute(
        "select distinct load_id from off_and_on where side = 'off'").fetchall()} | (old - new))  # fmt: skip
    key = ", ".join(f'raw."{column}"' for column in contract.identity)
    connection.execute(
        f"insert into split.moved_row select {name}, raw.load_id, raw.source_row, {OLD}, coalesce(comes.step, {TAKEN_OUT}) "
        f"from {raw_rows(connection, contract, leaving)} as raw "
        f"left join (select key, min({_BY_CAUSE}) as step from fresh group by key) as comes on comes.key = hash({key}) "
        "where (raw.load_id, raw.source_row) in (select (load_id, source_row) from off_and_on where side = 'off') "
        "or (list_contains($1::integer[], raw.load_id) and (raw.load_id, raw.source_row) not in "
        f"(select (load_id, source_row) from split.superseded_old where extract = {name}))",
        [sorted(old - new)],
    )


def hold_step(connection: duckdb.DuckDBPyConnection, moved: Moved, step: int) -> None:
    """Bring `ops` from what it holds to a step, with the months of settlements that this makes due."""
    for table in ("load", "superseded"):
        connection.execute(f"create or replace temp table before_{table} as select * from ops.{table}")
    loads = _loads_of(connection, moved, step)
    for table in _ACCOUNTS:
        _put_in(connection, table, loads)
    connection.execute("delete from ops.superseded")
    connection.execute(
        "insert into ops.superseded (extract, load_id, source_row) select * from ("
        "(from split.superseded_old union from split.superseded_new) "
        "except select extract, load_id, source_row from split.moved_row) "
        "union all select extract, load_id, source_row from split.moved_row "
        "where not (enters <= $1 and coalesce(leaves > $1, true))",
        [step],
    )
    connection.execute("delete from ops.superseded where load_id not in (select load_id from ops.load)")
    refresh_views(connection)
    _note_due(connection)


def _loads_of(connection: duckdb.DuckDBPyConnection, moved: Moved, step: int) -> set[int]:
    """Loads that are in at a step: those that went, as long as a row of theirs counts."""
    if step == OLD:
        return set(moved.then)
    still = connection.execute(
        "select distinct load_id from split.moved_row where enters <= $1 and leaves > $1", [step]
    ).fetchall()
    stand = moved.here if step >= LATE else moved.then & moved.here
    return set(stand) | {int(load) for (load,) in still}


def _note_due(connection: duckdb.DuckDBPyConnection) -> None:
    """Months of settlements with rows that came or went, and of settlements that such parts and lines name."""
    connection.execute(
        "create or replace temp table other_load as select load_id from ((select load_id from before_load except "
        "select load_id from ops.load) union all (select load_id from ops.load except select load_id from before_load))"
    )
    connection.execute(
        "create or replace temp table other_row as select extract, load_id, source_row from ("
        "select distinct extract, load_id, source_row from before_superseded union all "
        "select distinct extract, load_id, source_row from ops.superseded) "
        "where load_id not in (select load_id from other_load) group by all having count(*) = 1"
    )
    home = home_of(connection)
    settlements = load_contracts()[SETTLEMENTS]
    months = connection.execute(
        "select month from split.load_month semi join other_load using (load_id) where extract = $1", [SETTLEMENTS]
    ).fetchall()
    if (rows := _other_rows(connection, SETTLEMENTS, home, whole=False)) is not None:
        months += connection.execute(
            f"select distinct strftime(\"{settlements.month_by}\", '%Y%m') from {rows} as raw"
        ).fetchall()
    due = {int(month): {_REASON} for (month,) in months}
    changed = {name: rows for name in COMPARED if (rows := _other_rows(connection, name, home, whole=True)) is not None}
    compared = months_compared(connection, changed, home, due)
    note_due(connection, due, compared)


def _other_rows(connection: duckdb.DuckDBPyConnection, extract: str, home: Path | None, whole: bool) -> str | None:
    """SQL of the raw rows of an extract that count now and did not, or the other way round; `whole` with those of other loads."""
    wanted = "select load_id from other_row where extract = $1"
    wanted += " union select load_id from other_load" if whole else ""
    files = connection.execute(
        f"select raw_file from split.load_month where extract = $1 and load_id in ({wanted}) order by 1", [extract]
    ).fetchall()
    if not files:
        return None
    these = f"(load_id, source_row) in (select (load_id, source_row) from other_row where extract = {literal(extract)})"
    these += " or load_id in (select load_id from other_load)" if whole else ""
    return f"(select * from {read_files([str(file) for (file,) in files], home)} where {these})"
