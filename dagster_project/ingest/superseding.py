"""Which rows of some months are superseded (S5, core decision 3): by a newer version, or closed by a full delivery without them.

Belongs here: the comparison of one extract's rows in the temporary tables `newly_superseded` and `reopened`. Does not belong
here: which months are compared, when, and what is written for good (`versions.py`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from dagster_project.china_time import KNOWN_AT
from dagster_project.contracts import Contract
from dagster_project.ingest.store import literal, read_files


def version_of(contract: Contract) -> str:
    """SQL of what the newest version has the greatest of; null where only the delivery decides."""
    own = {"delivery": "null", "run_id": "replace(run_id, 'YE', '13')"}
    return own.get(contract.version_by, f'"{contract.version_by}"')


def compare(connection: duckdb.DuckDBPyConnection, contract: Contract, files: list[str], home: Path | None) -> None:
    """Add to `newly_superseded` the rows of these files that a newer version of their key beats, with the winner, and to `newly_tied`
    those that lost by their content alone.

    The newest version counts, then the later delivery, then the content (S5); the order of loading is never asked.
    """
    names = [*contract.identity, "month"]
    key = ", ".join(f'"{name}"' for name in names)
    same = " and ".join(f'r."{name}" is not distinct from k."{name}"' for name in names)
    # Keys first, without their month, which would have to be worked out for every row, and as hashes, which are grouped in half the
    # time: two keys that share one are only looked at more closely.
    own = ", ".join(f'"{name}"' for name in contract.identity)
    month = f"strftime(\"{contract.month_by}\", '%Y%m')" if contract.month_by else "'all'"
    rows = _current(connection, files, home, contract, f"{own}, {month} as month")
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
        "create or replace temp table tied_content (load_id integer, source_row bigint, content varchar, everything varchar)"
    )
    if _any(connection, "tied_row"):
        # Who wins may not depend on a pseudonym (core decision 2); that two rows tell of different persons may be said.
        shown, whole = (
            ", ".join(
                f"coalesce(cast(\"{column.name}\" as varchar), '')" for column in contract.landed if is_shown(column)
            )
            for is_shown in (lambda column: column.landed != "pseudonym", lambda column: True)
        )
        connection.execute(
            "insert into tied_content select raw.load_id, raw.source_row, "
            f"md5(concat_ws(chr(31), {shown})), md5(concat_ws(chr(31), {whole})) "
            f"from {read_files(files, home)} as raw semi join tied_row on tied_row.load_id = raw.load_id "
            "and tied_row.source_row = raw.source_row"
        )
    connection.execute(
        f"create or replace temp table winner as select {key}, load_id, source_row, known_at, everything from ("
        "select v.*, c.content, c.everything from version_row as v left join tied_content as c using (load_id, source_row) "
        f"where place = 1) qualify row_number() over (partition by {key} "
        "order by content desc nulls last, sha256 desc, source_row desc) = 1"
    )
    connection.execute(
        f"insert into newly_superseded select {literal(contract.name)}, r.load_id, r.source_row, k.known_at, k.load_id, "
        f"k.source_row, r.month from version_row as r join winner as k on {same} "
        "where (r.load_id, r.source_row) <> (k.load_id, k.source_row)"
    )
    connection.execute(
        f"insert into newly_tied select r.load_id, r.source_row from version_row as r join winner as k on {same} "
        "join tied_content as c on c.load_id = r.load_id and c.source_row = r.source_row "
        "where r.place = 1 and c.everything <> k.everything"
    )


def close_absent(
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
        rows = _current(connection, [str(file) for _, file in older], home, contract, key)
        connection.execute(
            f"insert into newly_superseded select {literal(contract.name)}, r.load_id, r.source_row, $1, $2, null, {literal(month)} "
            f"from ({rows}) as r anti join {read_files([str(file) for file in full_files], home)} as k on {same}",
            [moment, first],
        )


def reopen(connection: duckdb.DuckDBPyConnection, contract: Contract, months: list[str]) -> list[int]:
    """Take up again what a closed row had superseded although it was delivered after the full delivery that closed it.

    Without this, an older version delivered last would stand or not by whether it came before that full delivery or after it.
    Returns the loads of such rows, which are compared anew.
    """
    name = literal(contract.name)
    edge = "load_id, source_row, by_load_id, by_source_row"
    connection.execute(
        "create or replace temp table closed_row as select load_id, source_row, superseded_at as closed_at from newly_superseded "
        f"where extract = {name} and by_source_row is null and list_contains($1::varchar[], month)",
        [months],
    )
    if not _any(connection, "closed_row"):
        return []
    connection.execute(
        "create or replace temp table taken_up as with recursive edge as ("
        f"{_superseded(connection, contract, edge)} and by_source_row is not null "
        f"union all select {edge} from newly_superseded where extract = {name} and by_source_row is not null), "
        "lost as (select * from closed_row union select edge.load_id, edge.source_row, lost.closed_at from edge join lost "
        "on edge.by_load_id = lost.load_id and edge.by_source_row = lost.source_row) "
        "select distinct lost.load_id, lost.source_row from lost join ops.load as load on load.load_id = lost.load_id "
        "where load.delivered_at is null or load.delivered_at >= lost.closed_at"
    )
    connection.execute(f"insert into reopened select {name}, load_id, source_row from taken_up")
    connection.execute(
        f"delete from newly_superseded where extract = {name} "
        "and (load_id, source_row) in (select (load_id, source_row) from taken_up)"
    )
    return [int(row[0]) for row in connection.execute("select distinct load_id from taken_up").fetchall()]


def _superseded(connection: duckdb.DuckDBPyConnection, contract: Contract, columns: str) -> str:
    """Rows of an extract that were superseded before and have not been reopened since."""
    reopened = f"select (load_id, source_row) from reopened where extract = {literal(contract.name)}"
    but = f" and (load_id, source_row) not in ({reopened})" if _any(connection, "reopened") else ""
    return f"select {columns} from ops.superseded where extract = {literal(contract.name)}{but}"


def _current(
    connection: duckdb.DuckDBPyConnection, files: list[str], home: Path | None, contract: Contract, columns: str
) -> str:
    """Rows of some files that nothing has superseded so far, with what decides between versions."""
    gone = (
        f"{_superseded(connection, contract, 'load_id, source_row')} "
        f"union all select load_id, source_row from newly_superseded where extract = {literal(contract.name)}"
    )
    return (
        f"select {columns}, {version_of(contract)} as version, raw.load_id, raw.source_row, load.delivered_at, load.sha256, "
        f"{KNOWN_AT} as known_at from {read_files(files, home)} as raw "
        f"join ops.load as load on load.load_id = raw.load_id "
        f"anti join ({gone}) as gone on gone.load_id = raw.load_id and gone.source_row = raw.source_row"
    )


def _any(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    row = connection.execute(f"select count(*) from {table}").fetchone()
    return bool(row and row[0])
