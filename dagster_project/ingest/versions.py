"""Row versions (S5, core decision 3): which rows of raw are not current, in the small table ops.superseded.

Belongs here: which months are compared after a delivery, and what is written for good. Does not belong here: the comparison of
rows itself (`superseding.py`), which months of settlements that makes due (`touched.py`).

Only keys that occur more than once are compared, a month with itself alone, and as many months at once as make a table that
is easily held: nothing sorts a whole year, and small months do not each pay for a plan. The winner has the newest
`version_by`; a tie goes to the later delivery, then to the greater content hash over the columns that are no pseudonyms.
The order of loading decides nothing: rows that are equal even then carry the same content, and the file's hash picks one.
What a full delivery closed competes no longer: an older version that was delivered after it stands.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from dagster_project.contracts import Contract, load_contracts
from dagster_project.durable import durable_step
from dagster_project.ingest.store import home_of, raw_files
from dagster_project.ingest.superseding import close_absent, compare, reopen
from dagster_project.ingest.touched import touch_months, touch_source_months

# Rows whose keys are grouped at once: some hundred megabytes of text keys.
_AT_ONCE = 4_000_000


def settle_versions(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Bring ops.superseded and the due months up to the loads that have not been settled; returns ops.touched_month.

    A load is settled when its rows_superseded is known, so a run that was killed before is caught up here.
    """
    pending = _pending(connection)
    if pending:
        home = home_of(connection)
        begin_comparing(connection)
        for extract in sorted(pending):
            contract = load_contracts()[extract]
            months = _months_of(connection, extract, pending[extract])
            compare_months(connection, contract, months, pending[extract], home)
        due = touch_months(connection, pending)
        compared = touch_source_months(connection, pending, home, due)
        connection.execute("begin")
        connection.execute(
            "delete from ops.superseded where (extract, load_id, source_row) in (select (extract, load_id, source_row) from reopened)"
        )
        connection.execute(
            "delete from ops.tied_row where (load_id, source_row) in (select (load_id, source_row) from reopened)"
        )
        keep_superseded(connection)
        note_due(connection, due, compared)
        connection.execute(
            "update ops.load set rows_superseded = (select count(*) from ops.superseded as s "
            "where s.load_id = load.load_id) where rows_superseded is null"
        )
        with durable_step("ingest.commit_versions"):
            connection.execute("commit")
    rows = connection.execute("select distinct settlement_month from ops.touched_month order by 1").fetchall()
    return [int(row[0]) for row in rows]


def begin_comparing(connection: duckdb.DuckDBPyConnection) -> None:
    """Empty temporary tables newly_superseded, newly_tied (of these, by content alone) and reopened (superseded so far and no
    longer), which `compare_months` fills."""
    connection.execute(
        "create or replace temp table newly_superseded (extract varchar, load_id integer, source_row bigint, "
        "superseded_at timestamp, by_load_id integer, by_source_row bigint, month varchar)"
    )
    connection.execute("create or replace temp table newly_tied (load_id integer, source_row bigint)")
    connection.execute("create or replace temp table reopened (extract varchar, load_id integer, source_row bigint)")


def keep_superseded(connection: duckdb.DuckDBPyConnection) -> None:
    """Write down for good what was found; inside the caller's transaction."""
    connection.execute("insert into ops.superseded select * exclude (month) from newly_superseded")
    connection.execute("insert into ops.tied_row select * from newly_tied except select * from ops.tied_row")


def compare_months(
    connection: duckdb.DuckDBPyConnection, contract: Contract, months: list[str], pending: list[int], home: Path | None
) -> None:
    """Compare the current rows of an extract's months; the loads `pending` are new among them."""
    for together, files in _together(connection, contract.name, months):
        fresh = pending
        while fresh:
            compare(connection, contract, files, home)
            for month in together:
                close_absent(connection, contract, month, fresh, home)
            fresh = reopen(connection, contract, together)


def note_due(connection: duckdb.DuckDBPyConnection, due: dict[int, set[str]], compared: dict[int, set[str]]) -> None:
    """Months to rebuild and months to compare again, with the reasons; inside the caller's transaction."""
    _note_due(connection, "touched_month", due)
    _note_due(connection, "touched_source_month", compared)
    # Rebuilding a month compares it, too.
    connection.execute(
        "delete from ops.touched_source_month where settlement_month in (select settlement_month from ops.touched_month)"
    )


def _note_due(connection: duckdb.DuckDBPyConnection, table: str, due: dict[int, set[str]]) -> None:
    """Write months into a table of due months, and why they are due, each once; inside the caller's transaction."""
    connection.execute(
        f"insert into ops.{table} select unnest($1::integer[]) except select settlement_month from ops.{table}",
        [list(due)],
    )
    why = [(month, reason) for month, reasons in due.items() for reason in sorted(reasons)]
    connection.execute(
        "insert into ops.touched_reason select unnest($1::integer[]), unnest($2::varchar[]) except select * from ops.touched_reason",
        [[month for month, _ in why], [reason for _, reason in why]],
    )


def _pending(connection: duckdb.DuckDBPyConnection) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for extract, load_id in connection.execute(
        "select extract, load_id from ops.load where rows_superseded is null order by load_id"
    ).fetchall():
        found.setdefault(str(extract), []).append(int(load_id))
    return found


def _months_of(connection: duckdb.DuckDBPyConnection, extract: str, loads: list[int]) -> list[str]:
    rows = connection.execute(
        "select distinct month from ops.load_month where extract = $1 and list_contains($2::integer[], load_id) order by 1",
        [extract, loads],
    ).fetchall()
    return [str(row[0]) for row in rows]


def _together(
    connection: duckdb.DuckDBPyConnection, extract: str, months: list[str]
) -> list[tuple[list[str], list[str]]]:
    """Months that have rows, with all files of theirs, several months together up to `_AT_ONCE` rows."""
    together: list[list[str]] = []
    left = 0
    for month, rows in connection.execute(
        'select month, sum("rows") from ops.load_month where extract = $1 and list_contains($2::varchar[], month) '
        "group by 1 order by 1",
        [extract, months],
    ).fetchall():
        if rows > left:
            together.append([])
            left = _AT_ONCE
        together[-1].append(str(month))
        left -= rows
    return [(months, raw_files(connection, extract, months)) for months in together]
