"""Looking at what was published as a reader would: the small table of withheld cells that is judged.

Belongs here: `ops.withheld_cell`, one row a withheld figure or row of a served cube, and whether it can be computed from what
is published. Does not belong here: the computation (`disclosure/`), verdicts.
"""

from __future__ import annotations

import duckdb
import polars as pl

from dagster_project.disclosure import MARKER, SUPPRESSED, derivable_cells
from dagster_project.durable import durable_step
from dagster_project.serving.disclosed import cubes, read_links, with_month
from dagster_project.serving.tables import PLACE
from dagster_project.warehouse import roll_back

_TABLE = "ops.withheld_cell"
_VALUES = "publication.indicator_value"


def record(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace the table by what the working publication withholds; drop it where nothing was published."""
    cells = _withheld(connection)
    connection.execute("begin")
    try:
        connection.execute(f"drop table if exists {_TABLE}")
        if cells is not None:
            connection.register("withheld", cells.to_arrow())
            connection.execute(f"create table {_TABLE} as select * from withheld order by all")
            connection.unregister("withheld")
        with durable_step("checks.record_withheld"):
            connection.execute("commit")
    except BaseException:
        roll_back(connection)
        raise


def _withheld(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame | None:
    known = {
        f"{schema}.{name}"
        for schema, name in connection.execute(
            "select table_schema, table_name from information_schema.tables"
        ).fetchall()
    }
    names = [table.name for table in cubes()]
    if not {_VALUES, *(f"publication.{name}" for name in names)} <= known:
        return None
    working = "vintage not in (select distinct vintage from publication.frozen_value)"
    values = connection.execute(f"select * from {_VALUES} where {working}").pl()
    linked = read_links(connection, values)
    if linked is None:
        return None
    served = {name: with_month(connection.execute(f"select * from publication.{name}").pl()) for name in names}
    follows, lines = derivable_cells(values, served, linked)
    cells = [_figures(values.with_columns(follows.alias("is_derivable")))]
    cells += [_lines(name, cube.filter(MARKER), lines[name]) for name, cube in served.items()]
    return pl.concat(cells)


def _figures(values: pl.DataFrame) -> pl.DataFrame:
    part = pl.concat_str(
        *(pl.when(pl.col(name) != "total").then(pl.format("{}={}", pl.lit(name), name)) for name in _LABELS),
        separator=", ", ignore_nulls=True,
    )  # fmt: skip
    return values.filter(pl.col("status") == SUPPRESSED).select(
        pl.lit(_VALUES.split(".")[1]).alias("table_name"),
        pl.col("indicator_id"),
        pl.col("region_code"),
        pl.col("year").cast(pl.Int32),
        pl.col("month").cast(pl.Int32),
        pl.format("{} {}", "period_kind", part).str.strip_chars().alias("cell"),
        "is_derivable",
    )


# Columns of the values in which a part differs from the whole.
_LABELS = ("scheme", "member_status", "hospital_tier", "visit_type", "travel_class", "other_dimension", "other_member")


def _lines(name: str, withheld: pl.DataFrame, derivable: pl.DataFrame) -> pl.DataFrame:
    keys = derivable.columns
    labels = [column for column in keys if column not in (*PLACE, "month")]
    marked = withheld.join(
        derivable.with_columns(is_derivable=pl.lit(True)), on=keys, how="left", nulls_equal=True
    ).with_columns(pl.col("is_derivable").fill_null(False))
    month = pl.col("settlement_month") if "settlement_month" in withheld.columns else pl.lit(None)
    return marked.select(
        pl.lit(name).alias("table_name"),
        pl.lit(None, dtype=pl.String).alias("indicator_id"),
        pl.col("region_code"),
        pl.col("year").cast(pl.Int32),
        month.cast(pl.Int32).alias("month"),
        pl.concat_str(*(pl.format("{}={}", pl.lit(label), label) for label in labels), separator=", ").alias("cell"),
        "is_derivable",
    )
