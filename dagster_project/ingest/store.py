"""Tables and views of `raw`, `quarantine` and `ops` inside the warehouse file.

Belongs here: their definitions, the views over Parquet, what a finished build writes back. Does not belong here: how
files are read (`load.py`), which rows are current (`versions.py`).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb

from dagster_project.contracts import Contract, load_contracts
from dagster_project.durable import durable_step
from dagster_project.settings import Settings
from dagster_project.warehouse import only_reads

TABLES = {
    "meta": "key varchar primary key, value varchar",
    "run": "run_id varchar, command varchar, started_at timestamp, finished_at timestamp, status varchar, "
    "code_version varchar",
    "file": "source_file varchar, sha256 varchar, bytes bigint, seen_at timestamp, run_id varchar, status varchar, "
    "extract varchar, reason varchar, encoding varchar, dialect varchar, extra_columns varchar[], "
    "missing_columns varchar[], modified_ns bigint",
    "load": "load_id integer, extract varchar, source_file varchar, sha256 varchar, batch varchar, encoding varchar, "
    "delivered_at timestamp, delivery varchar, rows_read bigint, rows_accepted bigint, rows_quarantined bigint, "
    "rows_superseded bigint, rows_warned bigint, loaded_at timestamp",
    "load_month": 'load_id integer, extract varchar, month varchar, "rows" bigint, raw_file varchar',
    # Accepted rows and money of a load by month and area (the insured's, else the extract's own); '' where there is none.
    "load_region": 'load_id integer, extract varchar, month varchar, region varchar, "rows" bigint, money decimal(38, 2)',
    # Of these the rows that newer versions have replaced; `mark` tells which rows of the load have been counted.
    "superseded_region": 'load_id integer, month varchar, region varchar, "rows" bigint, money decimal(38, 2), mark ubigint',
    # Sums of a file's amounts, rejected rows included, and who answers for them: its manifest, or whoever confirmed our record.
    "control_total": "load_id integer, column_name varchar, total decimal(38, 4)",
    "load_control": "load_id integer, folder varchar, told_by varchar, confirmed_by varchar, confirmed_at timestamp",
    # Loads of batches with a manifest whose files have not all been read yet.
    "open_batch": "load_id integer, folder varchar",
    # Every raw and quarantine file as it was moved in: what `bulletin verify` and every start of a run compare the disk with.
    "stored_file": "load_id integer, path varchar, bytes bigint, sha256 varchar",
    "superseded": "extract varchar, load_id integer, source_row bigint, superseded_at timestamp, by_load_id integer, "
    "by_source_row bigint",
    # Rows that lost to another of the same key, version and delivery by their content alone; they count as long as they are superseded.
    "tied_row": "load_id integer, source_row bigint",
    # A full delivery may repeat a file that was loaded before; it is not loaded again, but its rows were delivered.
    "redelivered": "load_id integer, delivered_at timestamp",
    "rule_count": "load_id integer, extract varchar, rule_id varchar, column_name varchar, severity varchar, "
    "unexpected bigint, total bigint, money decimal(18, 2)",
    # Rows that break at least one row rule, or hold at least one unknown code: each row once, whatever else it breaks.
    "row_concerned": 'load_id integer, extract varchar, kind varchar, severity varchar, "rows" bigint',
    "unmapped_code": "load_id integer, extract varchar, column_name varchar, code_set varchar, code varchar, "
    '"rows" bigint, money decimal(18, 2)',
    # A load that was taken out again: its accounts wait in ops.unloaded_<table>, its raw files stay where they are. The province
    # and kind of the home are kept where it was the home's last load and they were forgotten with it.
    "unload": "load_id integer, extract varchar, source_file varchar, sha256 varchar, unloaded_at timestamp, run_id varchar, "
    "who varchar, reason varchar, province varchar, synthetic varchar, undone_at timestamp, undone_run_id varchar, "
    "undone_by varchar, undone_reason varchar",
    # Quarantined rows that a later load answers for: corrected, or read again. Its own counts take theirs off (rows below 0).
    "released_row": "load_id integer, corrects_load_id integer, source_row bigint",
    # Files of corrected rows that the desk itself has written: no other file may say that it corrects anything.
    "handed_in": "sha256 varchar, corrects_load_id integer, source_rows bigint[], folder varchar, handed_in_at timestamp",
    "touched_month": "settlement_month integer",
    # Months whose facts stand and whose settlements are compared again with their fund split and charge lines.
    "touched_source_month": "settlement_month integer",
    # Why a month is due, for people: delivery, corrected, unloaded; fund_split, charge_line, account_payment.
    "touched_reason": "settlement_month integer, reason varchar",
    # Due months that wait while a rebuild of chosen months is at work.
    "put_off_month": "settlement_month integer",
    "built_load": "load_id integer",
    "model_input": "unique_id varchar primary key, fingerprint varchar",
}
# Tables whose rows belong to a load: the accounts of an unloaded one move to tables of the same columns beside them.
# (What lies on the disk, what was built and who took what out is told of a load whether it is in or out.)
OF_A_LOAD = tuple(
    table
    for table, columns in TABLES.items()
    if columns.startswith("load_id integer") and table not in ("stored_file", "built_load", "unload")
)
UNLOADED = "unloaded_"
TABLES |= {f"{UNLOADED}{table}": TABLES[table] for table in OF_A_LOAD}
# Version of these tables and its key in ops.meta: a warehouse of a newer one is not written to.
SCHEMA_KEY, SCHEMA_VERSION = "schema_version", 1
# Key of ops.meta in a warehouse that reads the raw files of another home.
SOURCE_HOME = "source_home"
# Columns that every row of raw carries beside those of its contract.
LINEAGE = {"load_id": "integer", "source_file": "varchar", "source_row": "bigint", "province": "varchar"}
QUARANTINE = {
    "load_id": "integer",
    "extract": "varchar",
    "source_file": "varchar",
    "source_row": "bigint",
    "rule_ids": "varchar[]",
    "columns": "varchar[]",
    "codes": "varchar[]",  # beside each rule: the code that no set knows, '' for other rules
    "money": "decimal(18, 2)",
    "row_text": "varchar",
}


def literal(text: str | Path) -> str:
    """A text as a literal of SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def home_of(connection: duckdb.DuckDBPyConnection) -> Path | None:
    """The home folder that an open warehouse has its raw files from; None for a warehouse in memory."""
    if (source := get_meta(connection, SOURCE_HOME)) is not None:
        return Path(source)
    row = connection.execute("select path from duckdb_databases() where database_name = current_database()").fetchone()
    return Path(row[0]).parent if row and row[0] else None


def prepare_warehouse(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of the schemas and tables, and point the views at the files of this home; nothing of a read-only one."""
    if only_reads(connection):
        return
    for schema in ("raw", "quarantine", "ops"):
        connection.execute(f"create schema if not exists {schema}")
    for table, columns in TABLES.items():
        connection.execute(f"create table if not exists ops.{table} ({columns})")
    if get_meta(connection, SCHEMA_KEY) != str(SCHEMA_VERSION):
        with durable_step("warehouse.note_schema"):
            set_meta(connection, SCHEMA_KEY, str(SCHEMA_VERSION))
    refresh_views(connection)


def refresh_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Views raw.<table> over the files of all loads (an empty view without any), and quarantine.rejected_row."""
    home = home_of(connection)
    for contract in load_contracts().values():
        types = raw_types(contract)
        files = raw_files(connection, contract.name)
        connection.execute(f"create or replace view raw.{contract.name} as {_view(types, files, home)}")
    connection.execute(f"create or replace view quarantine.rejected_row as {rejected_rows(connection)}")


def rejected_rows(connection: duckdb.DuckDBPyConnection, extract: str | None = None) -> str:
    """SQL of the quarantined rows that no other load answers for, optionally of one extract."""
    return (
        f"select held.* from ({quarantined_rows(connection, extract)}) as held anti join ops.released_row as released "
        "on released.corrects_load_id = held.load_id and released.source_row = held.source_row"
    )


def quarantined_rows(connection: duckdb.DuckDBPyConnection, extract: str | None = None) -> str:
    """SQL of all quarantined rows of the loads that are in, answered or not, optionally of one extract."""
    loads = connection.execute(
        "select extract, load_id from ops.load where rows_quarantined > 0 and extract = coalesce($1, extract) order by 2",
        [extract],
    ).fetchall()
    files = [f"quarantine/{table}/{load_id}.parquet" for table, load_id in loads]
    return _view(QUARANTINE, files, home_of(connection))


def raw_types(contract: Contract) -> dict[str, str]:
    """Columns of a raw table with their types."""
    return {column.name: column.raw_type for column in contract.landed} | LINEAGE


def raw_files(connection: duckdb.DuckDBPyConnection, extract: str, months: list[str] | None = None) -> list[str]:
    """Raw files of an extract, relative to the home, optionally of some months."""
    rows = connection.execute(
        "select raw_file, month from ops.load_month where extract = ? order by month, load_id", [extract]
    ).fetchall()
    return [str(file) for file, month in rows if months is None or month in months]


def read_files(files: list[str], home: Path | None) -> str:
    """SQL that reads raw files; columns added to a contract later are null in older files."""
    return f"read_parquet([{', '.join(literal((home or Path()) / file) for file in files)}], union_by_name = true)"


def _view(types: dict[str, str], files: list[str], home: Path | None) -> str:
    if not files:
        columns = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in types.items())
        return f"select {columns} where false"
    empty = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in types.items())
    names = ", ".join(f'"{name}"' for name in types)
    return f"select {names} from (select {empty} where false union all by name select * from {read_files(files, home)})"


def sweep(connection: duckdb.DuckDBPyConnection, settings: Settings) -> int:
    """Remove what a killed run left behind: work files, and raw or quarantine files of no recorded load.

    Returns the number of files removed.
    """
    removed = 0
    work = settings.home / "tmp"
    for leftover in [*work.glob("intake-*"), *settings.raw.glob(".incoming-*")]:
        removed += sum(1 for path in leftover.rglob("*") if path.is_file())
        with durable_step("ingest.sweep_work"):
            shutil.rmtree(leftover, ignore_errors=True)
    known: set[str] = set()
    for side in ("", UNLOADED):  # raw is immutable: what was taken out of the accounts stays on the disk
        known |= {str(row[0]) for row in connection.execute(f"select raw_file from ops.{side}load_month").fetchall()}
        known |= {
            f"quarantine/{extract}/{load_id}.parquet"
            for extract, load_id in connection.execute(
                f"select extract, load_id from ops.{side}load where rows_quarantined > 0"
            ).fetchall()
        }
    for folder in (settings.raw, settings.quarantine):
        for path in sorted(folder.rglob("*.parquet")):
            if path.relative_to(settings.home).as_posix() not in known:
                with durable_step("ingest.sweep_orphan"):
                    path.unlink()
                removed += 1
    return removed


def take_back_months(connection: duckdb.DuckDBPyConnection, are_rebuilt: bool = False) -> None:
    """Make the months due again that a rebuild of chosen months put off; a stopped rebuild never gave them back.

    The chosen ones stay due beside them unless they `are_rebuilt`.
    """
    if not are_rebuilt and connection.execute("select count(*) from ops.put_off_month").fetchone() == (0,):
        return
    connection.execute("begin")
    if are_rebuilt:
        connection.execute("delete from ops.touched_month")
    connection.execute(
        "insert into ops.touched_month select distinct settlement_month from ops.put_off_month "
        "where settlement_month not in (select settlement_month from ops.touched_month)"
    )
    connection.execute("delete from ops.put_off_month")
    with durable_step("ingest.take_back_months"):
        connection.execute("commit")


def append(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[object]]) -> None:
    """Add rows to a table of ops, inside the caller's transaction: as one list a column, an eighth of the cost of rows of values."""
    if rows:
        kinds = [column.strip().split(" ", 1)[1] for column in re.split(r",(?![^(]*\))", TABLES[table])]
        lists = ", ".join(f"unnest(${place}::{kind}[])" for place, kind in enumerate(kinds, 1))
        connection.execute(
            f"insert into ops.{table} select {lists}", [list(column) for column in zip(*rows, strict=True)]
        )


def get_meta(connection: duckdb.DuckDBPyConnection, key: str) -> str | None:
    """One value of ops.meta."""
    row = connection.execute("select value from ops.meta where key = ?", [key]).fetchone()
    return str(row[0]) if row else None


def set_meta(connection: duckdb.DuckDBPyConnection, key: str, value: str) -> None:
    """Set one value of ops.meta inside the caller's transaction."""
    connection.execute("insert or replace into ops.meta values (?, ?)", [key, value])


def mark_built(connection: duckdb.DuckDBPyConnection) -> None:
    """Record that every load is in core now and no month is due; called after a successful build."""
    connection.execute("begin")
    connection.execute(
        "insert into ops.built_load select load_id from ops.load where load_id not in (select load_id from ops.built_load)"
    )
    for table in ("touched_month", "touched_source_month", "touched_reason"):
        connection.execute(f"delete from ops.{table}")
    with durable_step("ingest.mark_built"):
        connection.execute("commit")
