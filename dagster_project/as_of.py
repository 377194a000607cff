"""A past state of a home: what had been delivered by the end of a day, in a derived home of its own.

Belongs here: which loads and versions were known then, and the derived warehouse over the same raw files. Does not belong
here: computing from it (`stages.py`), the command (`verbs/as_of.py`).

The derived home is HOME/as_of/<day>: a small warehouse whose `ops` tables are cut at the day, and whatever is made from it.
Raw Parquet is immutable, so it is read where it lies. The working warehouse is only read; one of an older version gets the empty
tables that its next run would give it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import duckdb

from dagster_project import run_lock
from dagster_project.china_time import KNOWN_AT
from dagster_project.durable import durable_step
from dagster_project.errors import UserError
from dagster_project.ingest.store import (
    OF_A_LOAD,
    SOURCE_HOME,
    TABLES,
    UNLOADED,
    prepare_warehouse,
    refresh_views,
    set_meta,
)
from dagster_project.ingest.versions import settle_versions
from dagster_project.keeping.verify import require_whole
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.warehouse import connect, reading_working

AS_OF = "as_of"  # key of ops.meta in a derived warehouse
# Tables of a load that are copied whole with it; what is delivered again is cut at the day.
COPIED_WHOLE = [table for table in OF_A_LOAD if table not in ("load", "redelivered")]


def derived(settings: Settings, day: date) -> Settings:
    """The derived home of a day."""
    return replace(settings, home=settings.home / "as_of" / day.isoformat(), source_home=settings.home)


def recall(settings: Settings, day: date) -> Settings:
    """Make the derived home of a day anew and bring its row versions to what they were; returns its settings.

    Raises UserError (exit 2) when nothing had been delivered by that day, and when another run is at work.
    """
    past = derived(settings, day)
    following = day + timedelta(days=1)
    run_lock.hold(settings)
    try:
        with reading_working(settings) as working:
            require_whole(working, settings)
        _complete(settings)
        with reading_working(settings) as working:
            first = working.execute(
                f"select min({KNOWN_AT}) from (select * from ops.load union all by name select * from ops.{UNLOADED}load)"
            ).fetchone()
        if first is None or first[0] is None or first[0].date() > day:
            raise _nothing_yet(day, first[0].date() if first else None)
        run_lock.hold(past)
        for name in ("warehouse.duckdb", "warehouse.duckdb.wal"):
            with durable_step("as_of.clear"):
                (past.home / name).unlink(missing_ok=True)
        with connect(past) as connection:
            prepare_warehouse(connection)
            with reading_working(settings, connection):
                _copy(connection, following)
            for key, value in ((SOURCE_HOME, str(settings.home)), (AS_OF, day.isoformat())):
                set_meta(connection, key, value)
            settle_versions(connection)
            refresh_views(connection)
    except BaseException:
        run_lock.release(past)
        raise
    finally:
        run_lock.release(settings)
    return past


def _complete(settings: Settings) -> None:
    """Give the warehouse of an older version the tables that it lacks, as its next run would; any other is left untouched."""
    with reading_working(settings) as working:
        there = working.execute(
            "select table_name from duckdb_tables() where database_name = 'working' and schema_name = 'ops'"
        ).fetchall()
    if not set(TABLES) <= {name for (name,) in there}:
        with connect(settings) as connection:
            prepare_warehouse(connection)


def _copy(connection: duckdb.DuckDBPyConnection, following: date) -> None:
    """Accounts of the loads known before a day, and of the rows that had been superseded by then.

    A row that was superseded later may have been superseded by another one before: versions are written down for the last
    winner only. Loads that hold such rows are settled anew; `settle_versions` compares their rows alone.
    """
    connection.execute("insert into ops.meta select * from working.ops.meta where key in "
                       "('province', 'synthetic', 'key_fingerprint')")  # fmt: skip
    # Whoever takes a load out does so at some moment (UTC; days are China's): before it, the load is part of what was known.
    absent = (
        "select load_id from working.ops.unload where unloaded_at + interval 8 hours < $1 "
        "and (undone_at is null or undone_at + interval 8 hours >= $1)"
    )
    for side in ("", UNLOADED):
        connection.execute(
            f"insert into ops.load by name select * from working.ops.{side}load where {KNOWN_AT} < $1 "
            f"and load_id not in ({absent})",
            [following],
        )
        for table in COPIED_WHOLE:
            connection.execute(
                f"insert into ops.{table} by name select * from working.ops.{side}{table} "
                "where load_id in (select load_id from ops.load)"
            )
        connection.execute(
            f"insert into ops.redelivered select * from working.ops.{side}redelivered where delivered_at < $1 "
            "and load_id in (select load_id from ops.load)",
            [following],
        )
    connection.execute(
        "insert into ops.file by name select * from working.ops.file where status = 'loaded' "
        "and sha256 in (select sha256 from ops.load)"
    )
    connection.execute(
        "insert into ops.superseded select * from working.ops.superseded where superseded_at < $1 "
        "and load_id in (select load_id from ops.load)",
        [following],
    )
    connection.execute(
        "update ops.load set rows_superseded = null where load_id in "
        "(select load_id from working.ops.superseded where superseded_at >= $1)",
        [following],
    )
    # Where a load was ever taken out, the versions of today were settled without it: those of the extract are settled anew.
    connection.execute("delete from ops.superseded where extract in (select extract from working.ops.unload)")
    connection.execute(
        "update ops.load set rows_superseded = null where extract in (select extract from working.ops.unload)"
    )


def _nothing_yet(day: date, first: date | None) -> UserError:
    told = first.isoformat() if first else "—"
    return UserError(
        Text(f"截至 {day.isoformat()} 还没有任何交付。", f"Nothing had been delivered by {day.isoformat()}."),
        where="--as-of",
        todo=Text(f"最早的交付是 {told}；请给出这一天或之后的日期。", f"The first delivery is of {told}; give that day or a later one."),
    )  # fmt: skip
