"""Disclosure control of everything that leaves the house together: indicator values and cubes, because they share sums.

Belongs here: the order of the steps, and the record of every decision. Does not belong here: the steps themselves, reading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from dagster_project.disclosure.complementary import protect
from dagster_project.disclosure.linking import Linked
from dagster_project.disclosure.parameters import Parameters
from dagster_project.disclosure.primary import COMPLEMENTARY, SMALL_CELL, SUPPRESSED, suppress_indicators, withhold
from dagster_project.disclosure.sums import Marks

MARKER = "is_suppressed"
_NOT_KEYS = frozenset(("value", "numerator", "denominator", "support_count", "status", "reason", "unit", "vintage"))


@dataclass(frozen=True)
class Disclosed:
    """What may leave the house: values and cubes after disclosure control, and the record of what was withheld."""

    values: pl.DataFrame
    decisions: pl.DataFrame
    cubes: Mapping[str, pl.DataFrame]


def disclose(
    raw: pl.DataFrame, cubes: Mapping[str, pl.DataFrame], sums: Mapping[str, Sequence[str]], linked: Linked | None,
    parameters: Parameters,
) -> Disclosed:  # fmt: skip
    """Values and cubes without small cells and without what would give them away.

    `raw` are indicator values as computed, `cubes` the cubes at their served grain, `sums` the columns of each that are sums.
    `linked` says which sums they rest on, its `figures` by the row number of `raw`; without it only small values themselves
    are withheld, and no cube is given.
    """
    values = suppress_indicators(raw, parameters)
    if linked is None:
        return Disclosed(values, _decisions(raw, values, values, parameters), {})
    marks = protect(linked.systems, linked.ties, parameters.min_cell, _given(values, linked, parameters))
    rows = linked.figures.filter(Linked.marked(linked.figures, marks))["row"].unique()
    hidden = pl.Series(np.isin(np.arange(raw.height), rows.to_numpy()))
    after = withhold(values, hidden)
    served = {name: _withheld(cube, linked.lines[name], marks, sums[name]) for name, cube in cubes.items()}
    return Disclosed(after, _decisions(raw, values, after, parameters), served)


def _given(values: pl.DataFrame, linked: Linked, parameters: Parameters) -> list[Marks]:
    """Cells of values that are withheld although none of their sums is small here."""
    small = [system.small(parameters.min_cell) for system in linked.systems]
    suppressed = values.with_row_index("row").filter(pl.col("status") == SUPPRESSED)["row"]
    cells = linked.figures.filter(pl.col("row").is_in(suppressed.to_list()))
    cells = cells.with_columns(small=Linked.marked(cells, small))
    unexplained = cells.filter(~pl.col("small").any().over("row"))
    given = [np.zeros_like(system.listed) for system in linked.systems]
    for system, place, number in unexplained.select("system", "place", "sum").iter_rows():
        given[system][place, number] = True
    return given


def _withheld(cube: pl.DataFrame, lines: pl.DataFrame, marks: Sequence[Marks], sums: Sequence[str]) -> pl.DataFrame:
    """A cube without the sums of its withheld lines, in the order it has."""
    labels = [name for name in lines.columns if name in cube.columns]
    marked = lines.with_columns(Linked.marked(lines, marks).alias(MARKER)).select(*labels, MARKER)
    joined = cube.join(marked, on=labels, how="left", nulls_equal=True, maintain_order="left")
    # A row that no line stands for has no units behind it, and a reader should learn nothing from it.
    hidden = pl.col(MARKER).fill_null(True)
    return joined.with_columns(
        *(pl.when(hidden).then(None).otherwise(pl.col(name)).alias(name) for name in sums), hidden.alias(MARKER)
    )


def _decisions(
    before: pl.DataFrame, primary: pl.DataFrame, after: pl.DataFrame, parameters: Parameters
) -> pl.DataFrame:
    """One row a withheld indicator cell: its key columns, the rule and the parameter; no counts."""
    newly = (after["status"] == SUPPRESSED) & (before["status"] != SUPPRESSED).fill_null(True)
    small = primary["status"] == SUPPRESSED
    rule = pl.select(pl.when(small).then(pl.lit(SMALL_CELL)).otherwise(pl.lit(COMPLEMENTARY)).alias("rule")).to_series()
    keys = [name for name in before.columns if name not in _NOT_KEYS]
    return (
        after.with_columns(rule)
        .filter(newly)
        .select(*keys, "rule", pl.lit(parameters.min_cell, dtype=pl.Int64).alias("min_cell"))
    )
