"""From two vintages to the parts of every change: the steps between them, computed one after the other in a home of their own.

Belongs here: the copy, the order of the steps, what is read after each, whether both ends are the two vintages. Does not belong
here: which rows a step moves (`moved.py`), parts (`explain/waterfall.py`), building (`stages.py`).

The copy is of the warehouse alone; raw Parquet is read where it lies. From what the home holds now it goes back to the older
vintage and from there on, step by step, so that each costs the months and models that it moves and not a whole run.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import polars as pl

from dagster_project import rehearsal, run, run_lock, stages, years
from dagster_project.causes.declared import declared_then
from dagster_project.causes.moved import Moved, find_moved, hold_step
from dagster_project.dictionary import Province, load_province
from dagster_project.dictionary.load import write_dictionary
from dagster_project.errors import told_of_the_disk
from dagster_project.explain.vintages import COMPARED, KEY, Difference, comparable, descriptor_of, values_of
from dagster_project.explain.waterfall import DEFINITIONS, OLD, Waterfall, disagreement, split_changes, surplus
from dagster_project.keeping.copying import require_room
from dagster_project.keeping.verify import require_whole
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.warehouse import connect, reading_working

Told = Callable[[int, int, int], None]
Release = dict[str, Any]
_PURPOSE = "causes"


@dataclass(frozen=True)
class _Ends:
    """The two vintages: their numbers as published, and the definitions they were computed by."""

    values: tuple[pl.DataFrame, pl.DataFrame]
    declared: tuple[Province, Province]


def split(settings: Settings, difference: Difference, on_step: Told | None = None) -> Waterfall:
    """The changes of a difference by cause; `on_step(step, place, of)` is told before each step.

    Where what is computed is not to the last digit what one of the vintages says, nothing is split and `reason` says so. Raises
    UserError: (exit 2) another run at work, (exit 3) a disk without room for a copy of the warehouse, a model that fails.
    """
    told = [descriptor_of(settings, difference.year, one.name) for one in (difference.old, difference.new)]
    run_lock.hold(settings)  # to the end: whoever runs next sweeps away what stopped processes left where the copy lies
    try:
        with rehearsal.scratch(settings, _PURPOSE) as home:
            return _steps(settings, home, difference, told, on_step)
    finally:
        run_lock.release(settings)


def _steps(
    settings: Settings, home: Settings, difference: Difference, told: Sequence[Release], on_step: Told | None
) -> Waterfall:
    _copy(settings, home)
    with connect(home) as connection:
        ends = _ends(connection, settings, difference, told)
        then, here = ([int(one["load_id"]) for one in release["inputs"]] for release in told)
        moved = find_moved(connection, settings.home, then, here, str(told[0]["made_at"]))
    other_definitions = replace(ends.declared[0], declared_in={}) != replace(ends.declared[1], declared_in={})
    steps = (OLD, *moved.steps, *([DEFINITIONS] if other_definitions else []))
    levels: dict[int, pl.DataFrame] = {}
    seconds: dict[int, float] = {}
    for place, step in enumerate(steps, 1):
        if on_step is not None:
            on_step(step, place, len(steps))
        begun = time.monotonic()
        state = _compute(home, moved, step, ends.declared[step == DEFINITIONS], difference.year)
        seconds[step] = time.monotonic() - begun
        reason = _unlike(difference.old.name, ends.values[0], state, difference, False) if step == OLD else None
        if reason is None and step == steps[-1]:
            reason = _unlike(difference.new.name, ends.values[1], state, difference, True)
        if reason is not None:
            return Waterfall(steps, reason=reason, seconds=seconds)
        levels[step] = state.join(difference.changes, on=KEY, how="semi", nulls_equal=True)
    return Waterfall(steps, split_changes(difference, levels), seconds=seconds)


def _copy(settings: Settings, home: Settings) -> None:
    """The warehouse as it is between two runs."""
    with reading_working(settings) as working:
        require_whole(working, settings)
    stages.require_taken_in(settings)
    # Twice its size: tables that are made anew stand beside the old ones until these are let go.
    require_room(home.home, 2 * settings.warehouse.stat().st_size)
    with told_of_the_disk(home.warehouse):
        shutil.copyfile(settings.warehouse, home.warehouse)


def _ends(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    difference: Difference,
    told: Sequence[Release],
) -> _Ends:
    known: dict[str, dict[str, str]] = {}
    for definition, switch, value in connection.execute(
        "select definition_id, switch, value from ops.definition"
    ).fetchall():
        known.setdefault(str(definition), {})[str(switch)] = str(value)
    for release in told:
        known |= release.get("definitions", {})
    values = [values_of(settings, difference.year, one.name) for one in (difference.old, difference.new)]
    code = run.province(connection)
    declared = [
        _declared(load_province(settings, code, until), frame, known)
        for frame, until in zip(values, [str(told[0]["made_at"]), ""], strict=True)
    ]
    return _Ends((values[0], values[1]), (declared[0], declared[1]))


def _declared(present: Province, values: pl.DataFrame, spelt: Mapping[str, Mapping[str, str]]) -> Province:
    used = values.select("year", "definition_id").drop_nulls().unique().sort("year", "definition_id").rows()
    return declared_then(present, [(int(year), str(definition)) for year, definition in used], spelt)


def _compute(home: Settings, moved: Moved, step: int, province: Province, year: int) -> pl.DataFrame:
    """Numbers up to a year after a step, as `vintages.comparable`."""
    with connect(home) as connection:
        if step != DEFINITIONS:
            hold_step(connection, moved, step)
        write_dictionary(connection, [province], years.definition_years(connection), years.register_year(connection))
    stages.require_whole(stages.build_models(home, f"{stages.CORE} {stages.INDICATOR}", with_tests=False))
    stages.mark_cubes_built(home)
    with connect(home) as connection:
        frame = connection.execute(
            f"select {', '.join([*KEY, *COMPARED])} from indicator.indicator_value where year <= $1", [year]
        ).pl()
    return comparable(frame)


def _unlike(name: str, vintage: pl.DataFrame, state: pl.DataFrame, difference: Difference, is_new: bool) -> Text | None:
    wrong = pl.concat(
        [frame.select(KEY) for frame in (disagreement(vintage, state), surplus(difference, state, is_new))]
    )
    if wrong.is_empty():
        return None
    first = wrong.row(0, named=True)
    example = f"{first['indicator_id']} {first['region_code']} {first['year']}"
    return Text(
        f"版次 {name} 按其文件和口径重算，有 {wrong.height:,} 个数与定稿不同（如 {example}）",
        f"{name} computed again from its files and definitions differs in {wrong.height:,} numbers (such as {example})",
    )
