"""Cross-form rules: what is held against what, as one table of comparisons.

Belongs here: working the declared comparisons (`comparisons.yml`) out on filled cells, and those that compare whole forms over time
and regions. Does not belong here: severities and texts (`checks/rules.yml`), the verdict (`checks`).

A comparison names form, row and column of its left side, region and quarter, both sides in hundredths, and whether it holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from dagster_project.forms.filling import Filled
from dagster_project.forms.model import load_forms

COMPARISONS_FILE = Path(__file__).with_name("comparisons.yml")
_SCHEMA = {
    "rule": pl.String, "form": pl.String, "row": pl.String, "column": pl.String, "region_code": pl.String,
    "year": pl.Int64, "quarter": pl.Int64, "left_side": pl.Int64, "sign": pl.String, "right_side": pl.Int64,
    "against": pl.String, "holds": pl.Boolean,
}  # fmt: skip
_JUMP = 0.3  # X14
_MANY = 30  # X16: a group of fewer visits or persons may vanish by chance
_ADDED = ("care", "enrolment")  # sources of which every cell belongs to a prefecture
_NO_SUMS = ("memo", "self_pay")  # may fall from one quarter to the next, or are no sums at all

Key = tuple[str, str, str]  # form, row, column
Cells = dict[Key, int | None]


@cache
def _declared() -> Mapping[str, list[dict[str, Any]]]:
    declared: Mapping[str, list[dict[str, Any]]] = yaml.safe_load(COMPARISONS_FILE.read_text(encoding="utf-8"))
    return declared


def compared(filled: Filled) -> pl.DataFrame:
    """All comparisons of the year, up to its last quarter: one row each, in the order of the rules."""
    by_place: dict[tuple[str, int, int], Cells] = {}
    for form, row, column, region, year, quarter, value in filled.cells.select(
        "form", "row", "column", "region_code", "year", "quarter", "hundredths"
    ).iter_rows():
        by_place.setdefault((region, year, quarter), {})[form, row, column] = value
    rows: list[tuple[Any, ...]] = []
    for (region, year, quarter), cells in by_place.items():
        if year != filled.year:
            continue
        place = (region, year, quarter)
        for rule, entries in _declared().items():
            for entry in entries:
                rows += [(rule, *key, *place, *rest) for key, *rest in _declared_one(entry, cells)]
        before = by_place.get((region, year, quarter - 1), {})
        rows += [("X12", *key, *place, *rest) for key, *rest in _never_falling(before, cells)]
        earlier = by_place.get((region, year - 1, quarter), {})
        rows += [("X16", *key, *place, *rest) for key, *rest in _still_there(earlier, cells)]
        if region == filled.province:
            parts = [one for (other, *when), one in by_place.items() if when == [year, quarter] and other != region]
            for rule, *found in _parts(parts, cells):
                rows.append((rule, *found[0], *place, *found[1:]))
            rows += [("X14", *key, *place, *rest) for key, *rest in _jumps(earlier, cells)]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row").sort("rule", maintain_order=True)


def _declared_one(entry: Mapping[str, Any], cells: Cells) -> Iterator[tuple[Any, ...]]:
    sign, positive = entry["is"], entry.get("positive", False)
    if "forms" in entry:
        rows = sorted({(form, row) for form, row, _ in cells if form in entry["forms"]})
        pairs = [
            ([_signed(one, lambda name, at=at: (*at, name)) for one in entry["left"]],
             [_signed(one, lambda name, at=at: (*at, name)) for one in entry["right"]])
            for at in rows
        ]  # fmt: skip
    else:
        first = entry["left"][0].partition("#")[0].partition(":")
        known = [column for form, row, column in cells if (form, row) == (first[0], first[2])]
        columns = entry.get("columns") or [one for one in known if one not in entry.get("except", ())]
        if "#" in entry["left"][0]:
            columns = [""]
        pairs = [
            ([_signed(one, lambda name, of=of: _named(name, of)) for one in entry["left"]],
             [_signed(one, lambda name, of=of: _named(name, of)) for one in entry["right"]])
            for of in columns
        ]  # fmt: skip
    for left, right in pairs:
        values = [cells.get(key) for key, _ in (*left, *right)]
        if any(value is None for value in values):
            continue
        above = sum(factor * (cells[key] or 0) for key, factor in left)
        below = sum(factor * (cells[key] or 0) for key, factor in right)
        below = max(below, 0) if positive else below
        against = " + ".join(".".join(key) for key, _ in right)
        yield left[0][0], above, sign, below, against, above == below if sign == "=" else above <= below


def _signed(text: str, key: Any) -> tuple[Key, int]:
    return key(text.removeprefix("-")), -1 if text.startswith("-") else 1


def _named(text: str, column: str) -> Key:
    place, _, own = text.partition("#")
    form, _, row = place.partition(":")
    return form, row, own or column


def _never_falling(before: Cells, now: Cells) -> Iterator[tuple[Any, ...]]:
    """X12: a cumulated quarter is no less than the one before."""
    for key, value in now.items():
        last = before.get(key)
        if value is not None and last is not None and key[2] not in _NO_SUMS:
            yield key, last, "<=", value, "上季累计", last <= value


def _still_there(earlier: Cells, now: Cells) -> Iterator[tuple[Any, ...]]:
    """X16: a group of visits or persons that was there a year before, or whose cell had a value then, still is."""
    for key, last in earlier.items():
        if last is None or key[2] not in ("visits", "persons", "insured", "value") or last < 100 * _MANY:
            continue
        value = now.get(key)
        yield key, value, ">", 0, "上年同期有数", bool(value)


def _jumps(earlier: Cells, now: Cells) -> Iterator[tuple[Any, ...]]:
    """X14: undivided rows of the province that changed by more than 30 % against the year before."""
    undivided = {(form.key, row.key) for form in load_forms()[0] for row in form.rows if row.depth == 0}
    for key, last in earlier.items():
        value = now.get(key)
        if value is not None and last and key[:2] in undivided:
            yield key, value, "±30%", last, "上年同期", abs(value - last) <= _JUMP * abs(last)


def _parts(parts: Sequence[Cells], whole: Cells) -> Iterator[tuple[Any, ...]]:
    """X13: prefectures add up to the province; of persons they come to no less."""
    sources = {
        (form.key, row.key, column.key): "indicator" if row.indicator else column.source
        for form in load_forms()[0]
        for row in form.rows
        for column in form.columns
        if not column.positive_of
    }
    for key, value in whole.items():
        values = [one.get(key) for one in parts]
        if value is None or any(one is None for one in values) or not values:
            continue
        added = sum(one or 0 for one in values)
        source = sources.get(key, "")
        if source in _ADDED:
            yield "X13", key, value, "=", added, "各地之和", value == added
        elif source == "persons":
            yield "X13_persons", key, value, "<=", added, "各地之和", value <= added
