"""Opening the warehouse file.

Belongs here: the one way to connect to `warehouse.duckdb`, and the limits of every connection, whatever it is to. All
connections of a process use the same (empty) configuration, because DuckDB refuses two configurations of one file in one
process; limits are set by statement.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import duckdb

from dagster_project.durable import durable_step
from dagster_project.errors import ExitCode, UserError
from dagster_project.language import Text
from dagster_project.settings import Settings

# Folder of work files of databases other than the warehouse, below those of the warehouse.
ASIDE = "aside"

# Layout of a new warehouse file. Left alone DuckDB writes that of 2024, for the oldest reader; this one opens in any DuckDB from
# 1.4 on and packs text better: the same tables take an eighth less and are written faster (decision 0005).
LAYOUT = "v1.4.0"


@contextmanager
def connect(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-write connection to the home's warehouse; closed in any case. Of a read-only home one that only reads: verbs that
    answer questions go on there, and whoever writes has been refused the home's lock before.

    Raises UserError (exit 2) when another process holds the file, (exit 3) when it cannot be opened.
    """
    can_only_read = is_read_only(settings)
    if not can_only_read:
        settings.home.mkdir(parents=True, exist_ok=True)
    with told_when_closed(settings):
        if not settings.warehouse.exists():
            _lay_out(settings)
        connection = duckdb.connect(str(settings.warehouse), read_only=can_only_read)
    try:
        # Work files and the serving copy are written anew under old names: what was read before must not be kept.
        connection.execute("set enable_external_file_cache = false")
        keep_within(connection, settings)
        yield connection
    finally:
        connection.close()


def _lay_out(settings: Settings) -> None:
    """Write an empty warehouse file of our layout: attached, because a layout told on opening would be a configuration."""
    path = str(settings.warehouse).replace("'", "''")
    with closing(duckdb.connect()) as connection:
        connection.execute(f"attach '{path}' (storage_version '{LAYOUT}')")


def is_read_only(settings: Settings) -> bool:
    """Whether a home holds a warehouse and nobody can write there: a disk mounted to be read, a folder of somebody else's."""
    return settings.warehouse.exists() and not all(
        os.access(path, os.W_OK) for path in (settings.home, settings.warehouse)
    )


def only_reads(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether nothing can be written through a connection."""
    row = connection.execute(
        "select readonly from duckdb_databases() where database_name = current_database()"
    ).fetchone()
    return bool(row and row[0])


def roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    """Take back an open transaction. Where the engine has ended it already, as it does when a commit finds the disk full, nothing:
    what went wrong must not be hidden behind that."""
    with suppress(duckdb.TransactionException, duckdb.FatalException):
        connection.execute("rollback")


def keep_within(connection: duckdb.DuckDBPyConnection, settings: Settings, is_aside: bool = False) -> None:
    """Threads, memory and the folder for what does not fit, of the settings: for every connection that there is.

    Left alone DuckDB takes four fifths of the memory for each database, and a database in memory has no folder but the one
    that the process happens to stand in. A database beside the warehouse `is_aside`: when one is closed, DuckDB removes what
    lies in its folder, whosever it is.
    """
    connection.execute(f"set threads = {int(settings.threads)}")
    if settings.memory_limit:
        connection.execute("set memory_limit = ?", [settings.memory_limit])
    folder = str(settings.work / ASIDE if is_aside else settings.work)
    # Once something lies in it, DuckDB refuses to hear of the folder again, even of the same one.
    if connection.execute("select current_setting('temp_directory')").fetchone() != (folder,):
        connection.execute("set temp_directory = ?", [folder])


@contextmanager
def limits_held(settings: Settings) -> Iterator[None]:
    """The warehouse open within the limits, for an engine of the same process that opens it by itself, as dbt does.

    Limits are the database's, so they hold for that engine's connections too as long as ours is open.
    """
    with closing(duckdb.connect(str(settings.warehouse))) as connection:
        keep_within(connection, settings)
        yield


def clear_work(settings: Settings) -> None:
    """Remove what the engine of a killed process left of what did not fit into memory.

    For whoever holds the home's lock and has not opened the warehouse yet.
    """
    for leftover in [*settings.work.glob("duckdb_temp_*"), *(settings.work / ASIDE).glob("duckdb_temp_*")]:
        with durable_step("warehouse.clear_work"):
            leftover.unlink()


@contextmanager
def reading_working(
    settings: Settings, connection: duckdb.DuckDBPyConnection | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The home's warehouse attached read-only as `working` to a connection, else to one of its own that uses it.

    Raises UserError (exit 2) when another process holds the file.
    """
    own = duckdb.connect() if connection is None else connection
    try:
        if connection is None:
            keep_within(own, settings, is_aside=True)
        with told_when_closed(settings):
            path = str(settings.warehouse).replace("'", "''")
            own.execute(f"attach '{path}' as working (read_only)")
        if connection is None:
            own.execute("use working")
        try:
            yield own
        finally:
            if connection is not None:
                own.execute("detach working")
    finally:
        if connection is None:
            own.close()


@contextmanager
def told_when_closed(settings: Settings) -> Iterator[None]:
    """Say why the warehouse file cannot be opened: in use, no right to it, no room, or no longer a warehouse."""
    try:
        yield
    except (
        duckdb.IOException,
        duckdb.SerializationException,
        duckdb.InternalException,
        duckdb.FatalException,
    ) as error:
        first = str(error).splitlines()[0]
        shown = str(error).replace(str(settings.warehouse), "").lower()  # a folder may be called anything
        if "no space left" in shown:
            raise  # what to do about it is the same wherever it happens
        if "permission denied" in shown or "read-only" in shown:
            raise UserError(
                Text("没有读写仓库文件的权限。", "There is no right to read and write the warehouse file."),
                where=str(settings.warehouse),
                todo=Text("检查家目录及其文件的权限。", "Check the rights of the home folder and its files."),
                code=ExitCode.BROKEN_INSTALLATION,
            ) from error
        if "lock on file" not in shown:  # a damaged file is told by its blocks
            raise UserError(
                Text(
                    "仓库文件打不开：已损坏，或不是仓库。",
                    "The warehouse file cannot be opened: damaged, or no warehouse.",
                ),
                where=f"{settings.warehouse}\n{first}",
                todo=Text(
                    "不要删除它；用 bulletin restore 备份 --home 新文件夹 取回最近的备份，并检查磁盘。",
                    "Do not delete it; bring the newest backup back with `bulletin restore BACKUP --home NEW_FOLDER`, and "
                    "look at the disk.",
                ),
                code=ExitCode.BROKEN_INSTALLATION,
            ) from error
        raise UserError(
            Text("仓库正被另一个进程使用。", "Another process is using the warehouse."),
            where=str(settings.warehouse),
            todo=Text(
                "等待另一个运行结束后重试；BI 工具请连接 serving/medical_insurance.duckdb。",
                "Wait for the other run to end and try again; BI tools open serving/medical_insurance.duckdb instead.",
            ),
            code=ExitCode.BAD_INPUT,
        ) from error
