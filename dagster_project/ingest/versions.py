"""Row versions (S5, core decision 3): which rows of raw are not current, in the small table ops.superseded.

Belongs here: the comparison of versions and the closing of rows that a newer full delivery no longer has. Does not belong
here: which months that makes due (`touched.py`).

Only keys that occur more than once are compared, a month with itself alone, and as many months at once as make a table that
is easily held: nothing sorts a whole year, and small months do not each pay for a plan. The winner has the newest
`version_by`; a tie goes to the later delivery, then to the greater content hash over the columns that are no pseudonyms.
The order of loading decides nothing: rows that are equal even then carry the same content, and the file's hash picks one.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from dagster_project.china_time import KNOWN_AT
from dagster_project.contracts import Contract, load_contracts
from dagster_project.durable import durable_step
from dagster_project.ingest.store import home_of, literal, raw_files, read_files
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
        connection.execute("insert into ops.superseded select * exclude (month) from newly_superseded")
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
    """An empty temporary table newly_superseded, which `compare_months` fills."""
    connection.execute(
        "create or replace temp table newly_superseded (extract varchar, load_id integer, source_row bigint, "
        "superseded_at timestamp, by_load_id integer, by_source_row bigint, month varchar)"
    )


def compare_months(
    connection: duckdb.DuckDBPyConnection, contract: Contract, months: list[str], pending: list[int], home: Path | None
) -> None:
    """Compare the current rows of an extract's months; the loads `pending` are new among them."""
    for together, files in _together(connection, contract.name, months):
        _compare(connection, contract, files, home)
        for month in together:
            _close_absent(connection, contract, month, pending, home)


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


def _current(files: list[str], home: Path | None, contract: Contract, columns: str) -> str:
    """Rows of some files that nothing has superseded so far, with what decides between versions."""
    version = {"delivery": "null", "run_id": "replace(run_id, 'YE', '13')"}.get(
        contract.version_by, f'"{contract.version_by}"'
    )
    gone = (
        f"select load_id, source_row from ops.superseded where extract = {literal(contract.name)} "
        f"union all select load_id, source_row from newly_superseded where extract = {literal(contract.name)}"
    )
    return (
        f"select {columns}, {version} as version, raw.load_id, raw.source_row, load.delivered_at, load.sha256, "
        f"{KNOWN_AT} as known_at from {read_files(files, home)} as raw "
        f"join ops.load as load on load.load_id = raw.load_id "
        f"anti join ({gone}) as gone on gone.load_id = raw.load_id and gone.source_row = raw.source_row"
    )


def _compare(connection: duckdb.DuckDBPyConnection, contract: Contract, files: list[str], home: Path | None) -> None:
    names = [*contract.identity, "month"]
    key = ", ".join(f'"{name}"' for name in names)
    same = " and ".join(f'r."{name}" is not distinct from k."{name}"' for name in names)
    # Keys first, without their month, which would have to be worked out for every row, and as hashes, which are grouped in half the
    # time: two keys that share one are only looked at more closely.
    own = ", ".join(f'"{name}"' for name in contract.identity)
    month = f"strftime(\"{contract.month_by}\", '%Y%m')" if contract.month_by else "'all'"
    rows = _current(files, home, contract, f"{own}, {month} as month")
    connection.execute(
        f"create or replace temp table doubled_key as select hash({own}) as key from ({rows}) group by all having count(*) > 1"
    )
    if not _any(connection, "doubled_key"):
        return
    # Rank 1 is shared by rows that neither version nor delivery tells apart.
    connection.execute(
        f"create or replace temp table version_row as select *, rank() over (partition by {key} "
        f"order by version desc nulls last, delivered_at desc nulls last) as place from "
        f"(select r.* from ({rows}) as r semi join doubled_key as k on hash({own}) = k.key)"
    )
    tied = f"select {key} from version_row where place = 1 group by all having count(*) > 1"
    connection.execute(
        f"create or replace temp table tied_row as select load_id, source_row from version_row as r "
        f"semi join ({tied}) as k on {same} where place = 1"
    )
    connection.execute(
        "create or replace temp table tied_content (load_id integer, source_row bigint, content varchar)"
    )
    if _any(connection, "tied_row"):
        shown = [column.name for column in contract.landed if column.landed != "pseudonym"]
        text = ", ".join(f"coalesce(cast(\"{name}\" as varchar), '')" for name in shown)
        connection.execute(
            f"insert into tied_content select raw.load_id, raw.source_row, md5(concat_ws(chr(31), {text})) "
            f"from {read_files(files, home)} as raw semi join tied_row on tied_row.load_id = raw.load_id "
            "and tied_row.source_row = raw.source_row"
        )
    connection.execute(
        f"create or replace temp table winner as select {key}, load_id, source_row, known_at from ("
        "select v.*, c.content from version_row as v left join tied_content as c using (load_id, source_row) "
        f"where place = 1) qualify row_number() over (partition by {key} "
        "order by content desc nulls last, sha256 desc, source_row desc) = 1"
    )
    connection.execute(
        f"insert into newly_superseded select {literal(contract.name)}, r.load_id, r.source_row, k.known_at, k.load_id, "
        f"k.source_row, r.month from version_row as r join winner as k on {same} "
        "where (r.load_id, r.source_row) <> (k.load_id, k.source_row)"
    )


def _close_absent(
    connection: duckdb.DuckDBPyConnection, contract: Contract, month: str, pending: list[int], home: Path | None
) -> None:
    """Close rows that a later full delivery of the extract (and month) does not have; its files count together."""
    # A file whose content was loaded before belongs to the later delivery too, though it was passed over.
    deliveries = connection.execute(
        "select delivered_at, list(load_id), list(raw_file), min(load_id) from (select load_id, delivered_at from ops.load "
        "where extract = $1 and delivery = 'full' and delivered_at is not null union "
        "select again.load_id, again.delivered_at from ops.redelivered as again join ops.load using (load_id) "
        "where extract = $1) join ops.load_month as part using (load_id) where part.month = $2 group by 1 order by 1",
        [contract.name, month],
    ).fetchall()
    for moment, loads, full_files, first in deliveries:
        older = connection.execute(
            "select load.load_id, raw_file from ops.load as load join ops.load_month as part "
            "on part.load_id = load.load_id and part.month = $3 where load.extract = $1 and delivered_at < $2",
            [contract.name, moment, month],
        ).fetchall()
        if not set(loads) & set(pending):
            older = [(load_id, file) for load_id, file in older if load_id in pending]
        if not older:
            continue
        key = ", ".join(f'"{name}"' for name in contract.identity)
        same = " and ".join(f'r."{name}" is not distinct from k."{name}"' for name in contract.identity)
        rows = _current([str(file) for _, file in older], home, contract, key)
        connection.execute(
            f"insert into newly_superseded select {literal(contract.name)}, r.load_id, r.source_row, $1, $2, null, {literal(month)} "
            f"from ({rows}) as r anti join {read_files([str(file) for file in full_files], home)} as k on {same}",
            [moment, first],
        )


def _any(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    row = connection.execute(f"select count(*) from {table}").fetchone()
    return bool(row and row[0])
