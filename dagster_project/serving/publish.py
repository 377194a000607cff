"""Making the served file under another name and putting it in place with one rename.

Belongs here: reading, disclosure control by calling it, writing tables with comments, replacing the file. Readers that
have the old file open go on reading it; new ones see the new file; nobody waits for a lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from dagster_project.disclosure import load_parameters, suppress_indicators
from dagster_project.durable import durable_step
from dagster_project.errors import UserError
from dagster_project.language import Text
from dagster_project.serving.about import about
from dagster_project.serving.labels import comment, dim_label
from dagster_project.serving.tables import ServedTable, load_tables
from dagster_project.settings import Settings
from dagster_project.warehouse import connect, keep_within


@dataclass(frozen=True)
class ServingReport:
    """Rows by served table, and the size of the file in bytes."""

    tables: dict[str, int]
    size: int


def publish_serving(settings: Settings, run_id: str) -> ServingReport:
    """Replace serving/medical_insurance.duckdb by one made from the warehouse as it is now.

    Raises UserError when the indicators have not been built.
    """
    target = settings.serving_file
    target.parent.mkdir(parents=True, exist_ok=True)
    for leftover in target.parent.glob(".making-*"):
        leftover.unlink()
    temporary = target.parent / f".making-{target.name}"
    with connect(settings) as connection:
        # The tables that may be missing come before what is told about them.
        tables = sorted(load_tables().values(), key=lambda table: table.name == "about")
        frames = {table.name: _frame(connection, table, run_id) for table in tables}
    counts = {name: frame.height for name, frame in frames.items()}
    _write(temporary, frames, settings)
    with durable_step("serving.replace"):
        temporary.replace(target)
    return ServingReport(tables=counts, size=target.stat().st_size)


def _frame(connection: duckdb.DuckDBPyConnection, table: ServedTable, run_id: str) -> pl.DataFrame:
    """One served table: only listed columns, after disclosure control, in a fixed order."""
    if table.name == "about":
        return about(connection, run_id)
    if table.name == "dim_label":
        return dim_label(connection)
    # A cube is served as it was published with the values: both were withheld together.
    source = f"publication.{table.name}" if table.control == "cells" else table.source
    schema, name = source.split(".")
    offered = {
        str(row[0])
        for row in connection.execute(
            "select column_name from duckdb_columns() where schema_name = ? and table_name = ?", [schema, name]
        ).fetchall()
    }
    if not offered:
        raise UserError(
            Text("指标还没有计算，无法生成 BI 数据库。", "The indicators have not been computed; nothing to serve."),
            where=source,
            todo=Text("先运行 bulletin run。", "Run bulletin run first."),
        )
    if table.control == "indicators":
        frame = suppress_indicators(connection.execute(f"select * from {source}").pl(), load_parameters())
        return frame.select(list(table.columns)).sort(pl.all(), nulls_last=True)
    renamed = table.control != "cells"
    names = ", ".join(table.from_source(column) if renamed else f'"{column}"' for column in table.columns)
    return connection.execute(f"select {names} from {source} order by all").pl()


def _write(path: Path, frames: dict[str, pl.DataFrame], settings: Settings) -> None:
    """All tables with their comments into a new database file."""
    connection = duckdb.connect(str(path))
    try:
        keep_within(connection, settings, is_aside=True)
        for table in load_tables().values():
            connection.register("served_frame", frames[table.name])
            connection.execute(f'create table "{table.name}" as select * from served_frame')
            connection.unregister("served_frame")
            synthetic = frames["about"].row(0)[1].startswith("合成数据")
            mark = Text("【合成数据】", "[synthetic] ") if synthetic else Text("", "")
            text = f"{mark.zh}{table.text.zh} / {mark.en}{table.text.en}"
            connection.execute(f'comment on table "{table.name}" is {_quoted(text)}')
            for column, meaning in table.columns.items():
                text = str(comment(meaning, table.label_of(column)))
                connection.execute(f'comment on column "{table.name}"."{column}" is {_quoted(text)}')
        connection.execute("checkpoint")
    finally:
        connection.close()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
