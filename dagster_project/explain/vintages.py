"""Two vintages of a year against each other: the numbers that changed, appeared or went.

Belongs here: finding the vintages and comparing them. A frozen vintage is the Parquet beside its documents; the draft is
what the warehouse held when it was made, and whether it holds that now is said with it. Does not belong here: why a number changed (`trace.py`), wording (`differences.py`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from dagster_project.errors import UserError
from dagster_project.language import Text
from dagster_project.model_inputs import relations
from dagster_project.settings import Settings
from dagster_project.warehouse import connect

KEY = [
    "indicator_id", "year", "month", "region_code", "scheme", "member_status", "hospital_tier", "visit_type",
    "travel_class", "other_dimension", "other_member", "period_kind",
]  # fmt: skip
COMPARED = ["value", "numerator", "denominator", "status", "definition_id"]
FROZEN_FILE = "values.parquet"
# A status that only says how final a vintage is does not make a number different.
SETTLED = ["provisional", "final"]


@dataclass(frozen=True)
class Vintage:
    """One vintage of a year; `recorded` is when it was frozen, or the draft made (UTC, ISO), '' where nothing says so.

    Of a draft: the loads (number, file) that came `later` and those that are `gone` since, and whether the warehouse `holds_other`
    numbers now for another reason, such as a changed definition.
    """

    name: str
    recorded: str
    frozen: bool
    later: tuple[tuple[int, str], ...] = ()
    gone: tuple[tuple[int, str], ...] = ()
    holds_other: bool = False


@dataclass(frozen=True)
class Difference:
    """What changed between two vintages of a year; `changes` has the key, both values and both statuses, the province's
    annual wholes first. `region_names` are those of the warehouse."""

    year: int
    old: Vintage
    new: Vintage
    compared: int
    changes: pl.DataFrame
    region_names: dict[str, str]


def vintages_of(settings: Settings, year: int) -> list[Vintage]:
    """The vintages of a year: frozen ones in the order in which they were frozen, then the draft in the warehouse.

    Names tell the as-of date and the kind; which of two vintages of one day is newer only their records tell.
    """
    folder = settings.publication / str(year)
    frozen = [
        Vintage(path.parent.name, _recorded(path.parent, "frozen_at"), frozen=True)
        for path in folder.glob(f"*/{FROZEN_FILE}")
    ]
    drafts = [_draft(settings, year, name) for name in _drafts(settings, year)]
    return [*sorted(frozen, key=lambda one: (one.recorded, one.name)), *drafts]


def _recorded(folder: Path, entry: str) -> str:
    return str(_descriptor(folder).get(entry) or "")


def _descriptor(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / "release.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def descriptor_of(settings: Settings, year: int, name: str) -> dict[str, Any]:
    """The release descriptor of a vintage, {} where there is none that says when it was made."""
    folders = (settings.publication / str(year) / name, settings.unchecked / str(year) / name)
    return next((found for folder in folders if (found := _descriptor(folder)).get("made_at")), {})


def _draft(settings: Settings, year: int, name: str) -> Vintage:
    """A draft, and how the warehouse has moved on since it was made."""
    told = descriptor_of(settings, year, name)
    made_from = {int(one["load_id"]): str(one.get("source_file")) for one in told.get("inputs", ()) if "load_id" in one}
    later: list[tuple[int, str]] = []
    gone: list[tuple[int, str]] = []
    with connect(settings) as connection:
        there = relations(connection)
        if made_from and ("ops", "load") in there:
            rows = connection.execute("select load_id, source_file from ops.load order by load_id").fetchall()
            here = {int(load_id): str(source) for load_id, source in rows}
            later = [one for one in here.items() if one[0] not in made_from]
            gone = [one for one in made_from.items() if one[0] not in here]
        holds_other = ("indicator", "indicator_value") in there and _holds_other(connection, year, name)
    return Vintage(name, str(told.get("made_at") or ""), False, tuple(later), tuple(gone), holds_other)


def _holds_other(connection: duckdb.DuckDBPyConnection, year: int, vintage: str) -> bool:
    """Whether a figure of a draft is another one among the working values now; withheld figures are not compared."""
    same = " and ".join(f"draft.{name} is not distinct from working.{name}" for name in KEY)
    settled = ", ".join(f"'{status}'" for status in SETTLED)
    row = connection.execute(
        "select 1 from publication.indicator_value as draft "
        f"left join indicator.indicator_value as working on {same} where draft.vintage = $1 and draft.year = $2 "
        f"and draft.status in ({settled}) and working.value is distinct from draft.value limit 1",
        [vintage, year],
    ).fetchone()
    return row is not None


def _drafts(settings: Settings, year: int) -> list[str]:
    if not settings.warehouse.exists():
        return []
    with connect(settings) as connection:
        known = connection.execute(
            "select 1 from duckdb_tables() where schema_name = 'publication' and table_name = 'indicator_value'"
        ).fetchone()
        if not known:
            return []
        rows = connection.execute(
            "select distinct vintage from publication.indicator_value where year = ? "
            "and vintage not in (select distinct vintage from publication.frozen_value)",
            [year],
        ).fetchall()
    return sorted(str(row[0]) for row in rows)


def compare(settings: Settings, year: int, old: str | None = None, new: str | None = None) -> Difference:
    """Compare two vintages of a year, by default the newest frozen one with the draft.

    Each is named in full or by its kind, which stands for the newest of that kind. Where one is named it is compared with the
    newest of the others. Raises UserError (exit 2) when there are not two vintages, or one is not known.
    """
    known = vintages_of(settings, year)
    by_name = {one.name: one for one in known}
    newest = {one.name.partition("_")[2]: one.name for one in known}
    named = [newest.get(name, name) for name in (old, new) if name]
    for name in named:
        if name not in by_name:
            raise _unknown(year, name, known)
    chosen = [by_name[name] for name in named]
    if len(chosen) < 2:
        others = [one for one in known if one not in chosen]
        chosen = sorted([*chosen, *others[len(chosen) - 2 :]], key=known.index)
    if len(chosen) < 2:
        raise _unknown(year, "", known)
    before, after = (values_of(settings, year, one.name) for one in chosen)
    compared, changes = changes_between(before, after, year)
    return Difference(year, chosen[0], chosen[1], compared, changes, region_names(settings))


def changes_between(before: pl.DataFrame, after: pl.DataFrame, year: int) -> tuple[int, pl.DataFrame]:
    """How many numbers two states have between them, and those that differ; the frames are those of `comparable`."""
    joined = before.join(after, on=KEY, how="full", suffix="_new", coalesce=True, nulls_equal=True)
    different = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(f"{name}_new")) for name in ("value", "numerator", "denominator", "kind")
    )
    part = pl.any_horizontal(pl.col(name) != "total" for name in KEY[4:-1])
    order = [pl.col("month").is_not_null(), part, ~pl.col("region_code").str.ends_with("0000"), pl.col("year") != year]
    return joined.height, joined.filter(different).sort([*order, *KEY], nulls_last=False)


def working_values(settings: Settings, indicators: list[str]) -> pl.DataFrame | None:
    """What the warehouse holds now of some indicators: the province's annual wholes, as `comparable`; None before any were made."""
    labels = [name for name in KEY[4:-1] if name != "other_dimension"]
    totals = " + ".join(f"cast(coalesce({label}, 'total') = 'total' as integer)" for label in labels)
    with connect(settings) as connection:
        known = connection.execute(
            "select 1 from duckdb_tables() where schema_name = 'indicator' and table_name = 'indicator_value'"
        ).fetchone()
        if not known:
            return None
        frame = connection.execute(
            f"select {', '.join([*KEY, *COMPARED])} from indicator.indicator_value "
            "where list_contains($1::varchar[], indicator_id) and month is null and region_code like '__0000' "
            f"qualify {totals} = max({totals}) over (partition by indicator_id, year, region_code)",
            [indicators],
        ).pl()
    return comparable(frame)


def state_change(settings: Settings, before: pl.DataFrame, after: pl.DataFrame) -> Difference:
    """What changed between two states of the warehouse, both from `working_values`."""
    year = max((int(one) for one in after["year"].to_list()), default=0)
    compared, changes = changes_between(before, after, year)
    then, here = (Vintage(name, "", frozen=False) for name in ("before", "now"))
    return Difference(year, then, here, compared, changes, region_names(settings))


def values_of(settings: Settings, year: int, vintage: str) -> pl.DataFrame:
    """Values of one vintage, as (key, value, numerator, denominator, status, definition_id, kind)."""
    path = settings.publication / str(year) / vintage / FROZEN_FILE
    if path.exists():
        frame = pl.read_parquet(path)
    else:
        with connect(settings) as connection:
            frame = connection.execute(
                "select * from publication.indicator_value where vintage = ? and year <= ?", [vintage, year]
            ).pl()
    return comparable(frame)


def comparable(frame: pl.DataFrame) -> pl.DataFrame:
    """Values as they are compared: the key, what is compared, and `kind`, the status without how final it is."""
    kind = pl.when(pl.col("status").is_in(SETTLED)).then(pl.lit("settled")).otherwise(pl.col("status"))
    return frame.select(*KEY, *COMPARED, kind=kind)


def region_names(settings: Settings) -> dict[str, str]:
    """Names of the warehouse's regions by code, the latest of each; none before there is a warehouse."""
    if not settings.warehouse.exists():
        return {}
    with connect(settings) as connection:
        known = connection.execute(
            "select 1 from information_schema.tables where table_schema = 'core' and table_name = 'dim_region'"
        ).fetchone()
        if not known:
            return {}
        query = "select region_code, arg_max(region_name, valid_from) from core.dim_region group by 1"
        return {str(code): str(name) for code, name in connection.execute(query).fetchall() if name}


def _unknown(year: int, name: str, known: list[Vintage]) -> UserError:
    what = (
        Text(f"{year} 年没有版次 {name}。", f"There is no vintage {name} of {year}.")
        if name
        else Text(f"{year} 年不足两个版次，无从比较。", f"There are not two vintages of {year} to compare.")
    )
    names = [one.name for one in known]
    todo = (
        Text("请选用上列版次之一。", "Choose one of these.")
        if name and names
        else Text("先用 bulletin freeze 定稿一个版次，再比较。", "Make a vintage with bulletin freeze, then compare.")
    )
    return UserError(what, where="、".join(names), todo=todo)
