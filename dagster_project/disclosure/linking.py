"""From the dictionary's terms to linked systems of sums: which figures rest on which cells.

Belongs here: reading the shape of the published tables out of terms, breakdowns and cubes; no relation is written by hand.
Does not belong here: choosing cells (`complementary.py`), the database.

A cell is a group of units, whatever is added up over it: its visits, its settlements and its money are published or withheld
together, because money over a small group is as telling as its number, and each lets a reader guess the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np
import polars as pl

from dagster_project.disclosure.complementary import Tie
from dagster_project.disclosure.grid import PLACE, SOURCE, Grid, Term
from dagster_project.disclosure.sums import Marks, Sums, added

MONTH = "month"
ALL = "total"
_ROW = ("indicator_id", "year", "breakdown", "member", "period_kind")


@dataclass(frozen=True)
class Family:
    """Units that add up: a frame of `PLACE`, source, labels and `kinds` of units, and the source behind each cube.

    With `monthly` labels, figures of single months exist by these labels, and the frame has a column month (1 to 12 as text).
    `sets` are labels of persons, who do not add up over what they drew: each holds the kinds that somebody has, joined by
    `|`, and a figure takes whoever has one of them. A term names such a label as the member of its own label `chosen_by`.
    """

    units: pl.DataFrame
    kinds: tuple[str, ...]
    cubes: Mapping[str, str]
    monthly: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    chosen_by: str = ""

    @cached_property
    def _kinds_of(self) -> dict[str, dict[str, frozenset[str]]]:
        return {
            name: {text: frozenset(text.split("|")) for text in self.units[name].unique() if text} for name in self.sets
        }

    def chosen(self, term: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """The labels of the units that a term of the dictionary takes."""
        taken: dict[str, tuple[str, ...]] = {
            label: (term[label],) for label in self.labels if term.get(label) is not None
        }
        if self.sets:
            name = term[self.chosen_by]
            taken[name] = tuple(sorted(self._kinds_of[name])) or ("",)
        return taken

    def narrowed(self, part: list[Term], label: str, members: tuple[str, ...]) -> list[Term]:
        """The same terms within some members of a label; a term that stands for other members falls away."""
        narrowed: list[Term] = []
        for coefficient, source, labels in part:
            taken = next((name for name in self.sets if name in labels and label not in self.labels), label)
            if taken == label:
                allowed = tuple(member for member in members if member in labels.get(label, (member,)))
            else:
                allowed = tuple(
                    text for text in labels[taken] if self._kinds_of[taken].get(text, frozenset()) & {*members}
                )
            if allowed:
                narrowed.append((coefficient, source, {**labels, taken: allowed}))
        return narrowed

    @property
    def labels(self) -> list[str]:
        """Labels of the units, the month excepted."""
        return [name for name in self.units.columns if name not in (*PLACE, SOURCE, MONTH, *self.kinds)]


@dataclass(frozen=True)
class Cube:
    """A served cube: the cube of the dictionary whose cells it shows, and its labels, the month perhaps among them.

    With `margins` it is not by all labels at once but by each of these choices of them, the others being `ALL`, and the
    province stands in it beside its regions.
    """

    name: str
    cube: str
    labels: tuple[str, ...]
    margins: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Linked:
    """Systems with their ties; `figures` are the cells of indicator rows (row, system, place, sum), `lines` those of each cube
    (place in words, labels …, system, place, sum)."""

    systems: list[Sums]
    ties: list[Tie]
    figures: pl.DataFrame
    lines: dict[str, pl.DataFrame]

    @staticmethod
    def marked(cells: pl.DataFrame, marks: Sequence[Marks]) -> pl.Series:
        """Whether each cell (system, place, sum) is marked."""
        found = np.zeros(cells.height, dtype=bool)
        system, place, number = (cells[name].to_numpy() for name in ("system", "place", "sum"))
        for one, mark in enumerate(marks):
            mine = system == one
            found[mine] = mark[place[mine], number[mine]]
        return pl.Series("marked", found)


@dataclass
class _Grids:
    """The grids of all families, by the year and by the month, and which sums stand in both."""

    families: Mapping[str, Family]
    grids: list[Grid] = field(default_factory=list)
    by_year: dict[str, int] = field(default_factory=dict)
    by_month: dict[str, int] = field(default_factory=dict)
    same: dict[tuple[int, int], dict[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, family in self.families.items():
            self.by_year[name] = len(self.grids)
            self.grids.append(Grid(family.units, family.labels, family.kinds))
            if family.monthly:
                self.by_month[name] = len(self.grids)
                dated = family.units.filter(pl.col(MONTH).is_not_null())
                self.grids.append(Grid(dated, [*family.monthly, MONTH], family.kinds))

    def add(self, family: str, terms: Sequence[Term]) -> list[tuple[int, int]]:
        """The sum of some terms as (system, number): in the grid by the year, and in that by the month if it has the labels."""
        found = [(system, self.grids[system].add(terms)) for system in self._systems(family, terms)]
        cells = [(system, number) for system, number in found if number is not None]
        if len(cells) == 2:
            self.same.setdefault((cells[0][0], cells[1][0]), {})[cells[0][1]] = cells[1][1]
        return cells

    def _systems(self, family: str, terms: Sequence[Term]) -> Iterator[int]:
        labels = {label for _, _, chosen in terms for label in chosen}
        if MONTH not in labels:
            yield self.by_year[family]
        if family in self.by_month and labels <= {*self.families[family].monthly, MONTH}:
            yield self.by_month[family]

    def of_cube(self, cube: str) -> str | None:
        """The family whose units a cube of the dictionary counts."""
        return next((name for name, family in self.families.items() if cube in family.cubes), None)


def link(rows: pl.DataFrame, terms: pl.DataFrame, families: Mapping[str, Family], cubes: Sequence[Cube]) -> Linked:
    """The systems behind indicator rows and cubes.

    `rows` has the columns of `_ROW` and row (its number), province, region_code and weight (what a reader loses with it);
    `terms` are those of `indicator.indicator_term`.
    """
    grids = _Grids(families)
    figures = _placed(rows.join(_figures(rows, terms, grids), on=list(_ROW)), grids, "data_year")
    lines = {cube.name: _lines(cube, grids) for cube in cubes}
    weights = [np.zeros((grid.places.height, len(grid.vectors)), dtype=np.int64) for grid in grids.grids]
    for cells in (figures, *lines.values()):
        system, place, number, weight = (cells[name].to_numpy() for name in ("system", "place", "sum", "weight"))
        for one, total in enumerate(weights):
            mine = system == one
            np.add.at(total, (place[mine], number[mine]), weight[mine])
    systems = [grid.sums(weight) for grid, weight in zip(grids.grids, weights, strict=True)]
    return Linked(systems, _ties(grids), figures.select("row", "system", "place", "sum"), lines)


def _placed(cells: pl.DataFrame, grids: _Grids, year: str) -> pl.DataFrame:
    """Cells (system, province, region_code, `year` …) with the number of their place; those in no place fall away."""
    places = [grid.places.with_columns(system=pl.lit(number)) for number, grid in enumerate(grids.grids)]
    return cells.join(pl.concat(places).rename({"year": year}), on=["system", "province", "region_code", year])


def _lines(cube: Cube, grids: _Grids) -> pl.DataFrame:
    """The sums that a cube shows in each place that has units of theirs; without margins it has no row for a province."""
    family = grids.of_cube(cube.cube) or ""
    system = (grids.by_month if MONTH in cube.labels else grids.by_year)[family]
    grid = grids.grids[system]
    source = grids.families[family].cubes[cube.cube]
    shown = [_line_sums(grid, source, labels, cube) for labels in cube.margins or (cube.labels,)]
    lines = pl.concat(shown)
    every = np.array(grid.vectors, dtype=np.int64).reshape(len(grid.vectors), grid.groups.height)
    vectors = every[lines["sum"].to_numpy()]
    has_units = added(np.asarray(grid.units.any(axis=0)), vectors) > 0
    if not cube.margins:
        has_units &= (grid.parent >= 0)[:, None]
    place, line = np.nonzero(has_units)
    cells = pl.concat([grid.places[place], lines[line]], how="horizontal").with_columns(system=pl.lit(system))
    wholes = pl.when(pl.col("region_code") == pl.col("province")).then(_WHOLE_PLACE).otherwise(1)
    return cells.with_columns(weight=pl.col("weight") * wholes)


# A row of a province, and a row that has one label less, are missed more than what they consist of.
_WHOLE_PLACE, _LABEL_LESS = 4, 2


def _line_sums(grid: Grid, source: str, labels: tuple[str, ...], cube: Cube) -> pl.DataFrame:
    """The sums by some labels of a cube: (all labels of the cube, sum, weight)."""
    lines = grid.lines(source, labels)
    if cube.margins:
        for label in labels:
            others = [one for one in labels if one != label]
            parts = (
                lines.group_by(others, maintain_order=True).agg("sum")
                if others
                else lines.select(pl.col("sum").implode())
            )
            for numbers in parts["sum"]:
                grid.note(numbers.to_list())
    fewer = max((len(margin) for margin in cube.margins), default=len(labels)) - len(labels)
    all_of = [pl.lit(ALL).alias(label) for label in cube.labels if label not in labels]
    return lines.with_columns(*all_of, weight=pl.lit(_LABEL_LESS**fewer)).select(*cube.labels, "sum", "weight")


def _figures(rows: pl.DataFrame, terms: pl.DataFrame, grids: _Grids) -> pl.DataFrame:
    """The sums behind every kind of row: (indicator, year, breakdown, member, period; system, sum, year of the data)."""
    written = (
        terms.select(sorted(set(terms.columns) - {"province"})).unique().sort("indicator_id", "year", "term_number")
    )
    by_indicator = {
        key: list(group)
        for key, group in groupby(written.iter_rows(named=True), key=lambda term: (term["indicator_id"], term["year"]))
    }
    kinds = rows.select(_ROW).unique().sort("indicator_id", "year", "breakdown", "period_kind", "member")
    found: list[tuple[Any, ...]] = []
    for key, several in groupby(kinds.iter_rows(), key=lambda kind: kind[:2]):
        members = list(several)
        for family, data_year, part in _parts(by_indicator.get(key, ()), grids):
            for kind, cells in _members(part, members, family, grids):
                found += [(*kind, system, number, data_year) for system, number in cells]
    schema: dict[str, Any] = {name: rows.schema[name] for name in _ROW}
    schema |= {"system": pl.Int32, "sum": pl.Int64, "data_year": pl.Int32}
    return pl.DataFrame(found, schema=schema, orient="row").unique(maintain_order=True)


def _parts(terms: Sequence[Mapping[str, Any]], grids: _Grids) -> Iterator[tuple[str, int, list[Term]]]:
    """Numerator and denominator cut into sums of one family, year of data and measure: what is withheld is decided for each.

    Measures of different cubes (visits and payments of allowances) are one sum, because only their sum is printed.
    """
    groups: dict[tuple[str, str, int], dict[str, list[tuple[str, Term]]]] = {}
    for term in terms:
        family = grids.of_cube(term["cube"])
        if family is not None:
            units = grids.families[family]
            entry = (int(term["coefficient"] * 100), units.cubes[term["cube"]], units.chosen(term))
            group = groups.setdefault((term["role"], family, term["data_year"]), {})
            group.setdefault(term["measure"], []).append((term["cube"], entry))
    for (_, family, year), measures in groups.items():
        cubes = [cube for entries in measures.values() for cube in {cube for cube, _ in entries}]
        if len(cubes) == len(set(cubes)):
            yield family, year, [entry for entries in measures.values() for _, entry in entries]
        else:
            for entries in measures.values():
                yield family, year, [entry for _, entry in entries]


def _members(
    part: list[Term], kinds: Sequence[tuple[Any, ...]], family: str, grids: _Grids
) -> Iterator[tuple[tuple[Any, ...], list[tuple[int, int]]]]:
    """The sum of one part in the whole and in each member of each breakdown."""
    shown: dict[str, list[list[tuple[int, int]]]] = {}
    units = grids.families[family]
    for kind in kinds:
        _, _, breakdown, member, period = kind
        if breakdown == "total":
            cells = grids.add(family, part)
        elif breakdown == MONTH and family not in grids.by_month:
            continue
        elif breakdown == MONTH:
            month = int(member) % 100
            months = range(1, month + 1) if period == "year_to_date" else (month,)
            cells = grids.add(family, units.narrowed(part, MONTH, tuple(str(one) for one in months)))
        else:
            cells = grids.add(family, units.narrowed(part, breakdown, (member,)))
        if period != "year_to_date" and breakdown != "total":
            shown.setdefault(breakdown, []).append(cells)
        yield kind, cells
    for several in shown.values():
        for system, grid in enumerate(grids.grids):
            grid.note(number for cells in several for one, number in cells if one == system)


def _ties(grids: _Grids) -> list[Tie]:
    """Ties of sums that stand in two systems, in the places that both have."""
    ties = []
    for (first, second), same in grids.same.items():
        places = grids.grids[first].places.join(grids.grids[second].places, on=list(PLACE))
        ones, others = np.array([*same]), np.array([*same.values()])
        ties.append(Tie(first, second, (ones, others), (places["place"].to_numpy(), places["place_right"].to_numpy())))
    return ties
