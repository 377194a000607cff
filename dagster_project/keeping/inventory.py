"""What must lie in a home: every raw and quarantine file that `ops` speaks of, with rows, size and hash.

Belongs here: reading the inventory from `ops`. Does not belong here: comparing it with the disk (`verify.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from dagster_project.ingest.store import UNLOADED

# A file is recorded under its path in the home; the newest record counts. What was unloaded keeps its files.
_KEPT = """
with load as ({load}),
kept as (
    select raw_file as path, load_id, "rows" from ({load_month})
    union all
    select 'quarantine/' || extract || '/' || load_id || '.parquet', load_id, rows_quarantined
    from load where rows_quarantined > 0
),
stored as (
    select path, bytes, sha256 from ops.stored_file qualify row_number() over (partition by path order by rowid desc) = 1
)
select path, "rows", bytes, stored.sha256, load.extract, load.source_file
from kept
inner join load using (load_id)
left join stored using (path)
order by path
"""


@dataclass(frozen=True)
class Kept:
    """A file that must be there; `path` is relative to the home, `bytes` and `sha256` are None where nothing recorded them."""

    path: str
    rows: int
    bytes: int | None
    sha256: str | None
    extract: str
    source_file: str


def kept_files(connection: duckdb.DuckDBPyConnection) -> list[Kept]:
    """The inventory of an open warehouse; empty for one that has no tables yet."""
    tables = {row[0] for row in connection.execute(
        "select table_name from information_schema.tables where table_schema = 'ops' and table_catalog = current_database()"
    ).fetchall()}  # fmt: skip
    if not {"load", "load_month"} <= tables:
        return []
    sides = ("", UNLOADED) if f"{UNLOADED}load" in tables else ("",)
    query = _KEPT.format_map({
        table: " union all by name ".join(f"select * from ops.{side}{table}" for side in sides)
        for table in ("load", "load_month")
    })  # fmt: skip
    if "stored_file" not in tables:  # a warehouse of an earlier version that nothing has written to since
        connection.execute(
            "create temp table if not exists stored_file (load_id integer, path varchar, bytes bigint, sha256 varchar)"
        )
        return [
            Kept(*row) for row in connection.execute(query.replace("ops.stored_file", "temp.stored_file")).fetchall()
        ]
    return [Kept(*row) for row in connection.execute(query).fetchall()]
