"""The publication's own tables in the warehouse: disclosed working values and cubes, frozen values, decisions of disclosure control.

Belongs here: writing `publication.indicator_value`, `frozen_value`, `disclosure_decision` and the served cubes, which dbt
never builds. Does not belong here: what is suppressed (disclosure), documents.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import duckdb
import polars as pl

from dagster_project.disclosure import Disclosed
from dagster_project.durable import durable_step
from dagster_project.warehouse import roll_back

FROZEN_FILE = "values.parquet"
_VINTAGE = re.compile(r"^\d{4}-\d{2}-\d{2}_\w+$")


def frozen_files(publication: Path) -> list[Path]:
    """Values of all frozen vintages in a publication folder, in a fixed order."""
    return sorted(publication.glob(f"*/*/{FROZEN_FILE}"))


def write_tables(
    connection: duckdb.DuckDBPyConnection,
    publication: Path,
    disclosed: Disclosed,
    vintage: str,
) -> int:
    """Replace the publication's tables by the working values, the cubes and every frozen vintage; returns the values' rows.

    Working values take the name `vintage` unless theirs is the name of a vintage already. The frozen table is rebuilt from the Parquet of the publication folder, so that it survives a new warehouse file.
    """
    own = pl.col("vintage").cast(pl.String)
    is_named = own.str.contains(_VINTAGE.pattern).fill_null(False)
    working = disclosed.values.with_columns(pl.when(is_named).then(own).otherwise(pl.lit(vintage)).alias("vintage"))
    connection.register("working_value", working.to_arrow())
    connection.register("decision", disclosed.decisions.to_arrow())
    for name, cube in disclosed.cubes.items():
        connection.register(f"disclosed_{name}", cube.to_arrow())
    files = [str(path) for path in frozen_files(publication)]
    connection.execute("begin")
    try:
        connection.execute("create schema if not exists publication")
        _drop(connection, ("indicator_value", "frozen_value", "disclosure_decision"))
        if files:
            connection.execute(
                "create table publication.frozen_value as select * from read_parquet(?, union_by_name = true)", [files]
            )
        else:
            connection.execute("create table publication.frozen_value as select * from working_value limit 0")
        connection.execute(
            "create table publication.indicator_value as select * from working_value "
            "union all by name select * from publication.frozen_value"
        )
        connection.execute("create table publication.disclosure_decision as select * from decision")
        for name in disclosed.cubes:
            connection.execute(f"create or replace table publication.{name} as select * from disclosed_{name}")
        with durable_step("publication.tables"):
            connection.execute("commit")
    except BaseException:
        roll_back(connection)
        raise
    finally:
        for view in ("working_value", "decision", *(f"disclosed_{name}" for name in disclosed.cubes)):
            connection.unregister(view)
    return int(working.height)


def holds_frozen(connection: duckdb.DuckDBPyConnection, vintage: str) -> bool:
    """Whether the warehouse has the values of a frozen vintage."""
    table = connection.execute(
        "select 1 from information_schema.tables where table_schema = 'publication' and table_name = 'frozen_value'"
    ).fetchone()
    if table is None:
        return False
    found = connection.execute("select 1 from publication.frozen_value where vintage = ? limit 1", [vintage]).fetchone()
    return found is not None


def _drop(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    """Drop tables, or views of the same name that an older warehouse may hold."""
    for name in names:
        kind = connection.execute(
            "select table_type from information_schema.tables where table_schema = 'publication' and table_name = ?",
            [name],
        ).fetchone()
        if kind:
            connection.execute(f"drop {'view' if kind[0] == 'VIEW' else 'table'} publication.{name}")


def values_of_vintage(values: pl.DataFrame, year: int) -> pl.DataFrame:
    """The rows a vintage of a year holds: that year and all before it, as restated by it, for its documents print them too."""
    return values.filter(pl.col("year") <= year)


def digest(values: pl.DataFrame) -> str:
    """SHA-256 of values as sorted CSV without the vintage's name: equal numbers, equal digest."""
    frame = values.drop("vintage", strict=False)
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    frame = frame.drop(nested)
    return hashlib.sha256(frame.sort(frame.columns, nulls_last=True).write_csv().encode()).hexdigest()


def is_vintage_name(name: str) -> bool:
    """True for `<as-of date>_<kind>`."""
    return bool(_VINTAGE.match(name))
