"""Looking at what was published the way a reader would: which withheld figures can still be computed?

Belongs here: the question, asked of published frames, whatever they were withheld by. Does not belong here: choosing what to
withhold (`control.py`), the check that reports the answer (`checks/`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from dagster_project.disclosure.control import MARKER
from dagster_project.disclosure.linking import Linked
from dagster_project.disclosure.solver import Solver


def derivable_cells(
    values: pl.DataFrame, cubes: Mapping[str, pl.DataFrame], linked: Linked
) -> tuple[pl.Series, dict[str, pl.DataFrame]]:
    """Which rows of published values, and which rows of published cubes, are withheld and follow from published ones.

    `values` are those that `linked` was made of, a row withheld where it has no value; a cube's row is withheld where its
    marker says so. A row follows when every sum it rests on is published elsewhere or can be computed.
    """
    shown = values.select(pl.any_horizontal(pl.col("value", "numerator", "denominator").is_not_null()).alias("shown"))
    figures = linked.figures.with_columns(shown["shown"].gather(linked.figures["row"]))
    lines = {
        name: linked.lines[name].join(cube, on=_labels(linked.lines[name], cube), nulls_equal=True)
        for name, cube in cubes.items()
    }
    known = [np.zeros_like(system.listed) for system in linked.systems]
    for cells in (figures.filter("shown"), *(frame.filter(~pl.col(MARKER)) for frame in lines.values())):
        for system, place, number in cells.select("system", "place", "sum").iter_rows():
            known[system][place, number] = True
    found = []
    for system, mark in zip(linked.systems, known, strict=True):
        hidden = system.listed & ~mark & system.filled
        found.append(mark | Solver(system).derivable(mark, hidden))
    follows = figures.with_columns(Linked.marked(figures, found)).filter(~pl.col("shown"))
    rows = follows.group_by("row").agg(pl.col("marked").all()).filter("marked")["row"]
    withheld_lines = {
        name: frame.filter(pl.Series(Linked.marked(frame, found)) & frame[MARKER]).select(
            _labels(linked.lines[name], cubes[name])
        )
        for name, frame in lines.items()
    }
    return pl.Series(np.isin(np.arange(values.height), rows.to_numpy())), withheld_lines


def _labels(lines: pl.DataFrame, cube: pl.DataFrame) -> list[str]:
    return [name for name in lines.columns if name in cube.columns]
