"""What is known of an indicator's figures over the years: published, our own, and where policy wants them to be.

Belongs here: reading the seeds of published figures, breaks and targets, one point a year and place. Does not belong here:
drawing (`chart.py`), prose (`page.py`).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from dagster_project.dictionary.indicators import SEEDS, load_indicators, load_units
from dagster_project.language import Text

NATION = "100000"
OWN = "own"  # the place of our own figures in a chart
# A year of which several vintages were published is drawn by the most settled one.
VINTAGES = ("bulletin", "data_series", "quick_report", "press")


@dataclass(frozen=True)
class Published:
    """One published figure: as printed, and in the unit of its indicator."""

    indicator_id: str
    geography: str
    year: int
    vintage: str
    value: float
    printed: str
    unit: str
    qualifier: str
    source: str
    note: str
    is_derived: bool

    @property
    def is_misprint(self) -> bool:
        """Kept as a negative example, never drawn."""
        return "misprint" in self.note


@dataclass(frozen=True)
class Break:
    """A change that years on both sides of it must not be compared across, unless it `only` concerns the print."""

    break_id: str
    year: int
    what: str
    effect: str
    certainty: str
    stops_comparison: bool


@dataclass(frozen=True)
class Target:
    """Where a plan wants an indicator to be in a year."""

    year: int
    value: float
    qualifier: str  # at_least | about
    source: Text


@dataclass(frozen=True)
class Point:
    """A figure to be drawn, in the unit of the indicator."""

    year: int
    place: str  # a region code, or OWN
    value: float


def _rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@cache
def published() -> dict[str, list[Published]]:
    """Published figures by the indicator that they are of, in order of place, year and vintage."""
    indicators, units = load_indicators(), load_units()
    found: dict[str, list[Published]] = defaultdict(list)
    for row in _rows("published"):
        indicator = indicators.get(row["indicator_id"])
        if indicator is None:
            continue
        value = float(row["value"]) * float(units[row["unit"]] / units[indicator.unit])
        found[indicator.indicator_id].append(
            Published(
                indicator.indicator_id, row["geography"], int(row["year"]), row["vintage"], value, row["value"], row["unit"],
                row["qualifier"], row["source"], row["note"], row["derived"] == "1",
            )
        )  # fmt: skip
    for figures in found.values():
        figures.sort(key=lambda one: (one.geography != NATION, one.geography, one.year, _rank(one)))
    return dict(found)


def _rank(figure: Published) -> int:
    return VINTAGES.index(figure.vintage) if figure.vintage in VINTAGES else len(VINTAGES)


def points(indicator_id: str) -> list[Point]:
    """One published point a place and year, of the most settled vintage."""
    best: dict[tuple[str, int], Published] = {}
    for figure in published().get(indicator_id, ()):
        if not figure.is_misprint:
            best.setdefault((figure.geography, figure.year), figure)
    return [Point(one.year, one.geography, one.value) for one in best.values()]


@cache
def breaks() -> dict[str, list[Break]]:
    """Breaks by indicator, in order of years."""
    found: dict[str, list[Break]] = defaultdict(list)
    for row in sorted(_rows("series_break"), key=lambda row: (int(row["year"]), row["break_id"])):
        for indicator in row["indicator_ids"].split(";"):
            found[indicator.strip()].append(
                Break(
                    row["break_id"], int(row["year"]), row["what_changed"], row["effect"], row["certainty"],
                    row["breaks_comparison"] == "Y",
                )
            )  # fmt: skip
    return dict(found)


@cache
def targets() -> dict[str, list[Target]]:
    """Targets of policy by indicator."""
    found: dict[str, list[Target]] = defaultdict(list)
    for row in _rows("policy_target"):
        source = Text(row["source_zh"], row["source_en"])
        found[row["indicator_id"]].append(Target(int(row["year"]), float(row["value"]), row["qualifier"], source))
    return dict(found)


@cache
def place_names() -> dict[str, Text]:
    """Names of regions by code, from the shipped list."""
    return {row["code"]: Text(row["name_zh"], row["name_en"]) for row in _rows("admdvs")} | {
        NATION: Text("全国", "Nation")
    }


def place_name(place: str) -> Text:
    """What a reader calls a place of a chart."""
    if place == OWN:
        return Text("本库", "Own figures")
    return place_names().get(place, Text(place, place))
