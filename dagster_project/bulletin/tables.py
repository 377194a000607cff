"""The statistical tables: by scheme, tier, place of treatment and prefecture, and all headline indicators over the years.

Belongs here: which figure stands in which cell, and its unit. Does not belong here: formats; the reference series.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dagster_project.bulletin.book import FigureBook, region_label
from dagster_project.bulletin.document import FigureRun, Inlines, Quoted, Row, Table, Words, YearRun, words
from dagster_project.bulletin.figures import BREAK_MARK, Figure, common_unit
from dagster_project.bulletin.numbers import Unit
from dagster_project.bulletin.sections import OUTSIDE_TIERS, TIERS, tier_figures

TRAVEL_NAMES = {
    "in_province": Words("省内跨市", "Within the province"),
    "cross_province": Words("跨省", "Across provinces"),
}
_SCHEMES = (Words("合计", "Total"), Words("职工医保", "Employee"), Words("居民医保", "Resident"))
# A growth and a change in points never stand in one column: a column has one unit.
_GROWTH = (Words("比上年增长", "Growth"), Words("（%）", " (%)"))
_POINTS = (Words("比上年增减", "Change"), Words("（百分点）", " (points)"))
_MARK_WORDS = {
    "—": Words("“—”不予公布（单元过小，或可由它推算出过小的单元）", '"—" withheld by disclosure control'),
    "…": Words("“…”无法计算或无上年数", '"…" not computable, or no year before'),
    "※": Words("“※”口径变化，与上年不可比", '"※" break of the series'),
}
BREAK_SIGN = Words(BREAK_MARK)
_SEPARATOR = Words("；", "; ")


def cell(figure: Figure | None, unit: Unit | None = None) -> Inlines:
    """One figure as a cell; an empty cell where the table has no such figure."""
    if figure is None:
        return ()
    return (FigureRun(figure, unit if figure.has_value else None),)


def mark_note(rows: Sequence[Row]) -> tuple[Inlines, ...]:
    """The legend of the markers that a table uses."""
    used = [
        mark
        for mark in _MARK_WORDS
        if any(
            isinstance(part, FigureRun) and part.figure.marker == mark
            for row in rows
            for one in row.cells
            for part in one
        )
    ]
    parts: list[Words] = []
    for mark in used:
        parts += [_SEPARATOR] if parts else []
        parts.append(_MARK_WORDS[mark])
    return ((Words("注：", "Note: "), *parts, Words("。", ".")),) if parts else ()


class TableComposer:
    """Builds the tables of one bulletin; a table without any figure is left out."""

    def __init__(self, book: FigureBook, outline: dict[str, Any]) -> None:
        self._book = book
        self._specs: list[dict[str, Any]] = outline["tables"]
        self._tiers: dict[str, dict[str, str]] = outline["tiers"]

    def compose(self) -> list[Table]:
        """All tables, numbered."""
        tables: list[Table] = []
        builders = {"scheme": self._scheme, "tier": self._tier, "travel": self._travel, "region": self._region}
        for spec in self._specs:
            table = builders[spec["kind"]](spec, len(tables) + 1)
            tables += [table] if table else []
        return [*tables, self._all(len(tables) + 1)]

    def _table(
        self,
        spec: dict[str, Any],
        number: int,
        corner: Words,
        columns: Sequence[Inlines],
        rows: Sequence[Row],
        **more: Any,
    ) -> Table:
        title = (YearRun(self._book.sources.year), Words("年", " "), words(spec["title"]["zh"], spec["title"]["en"]))
        return Table(spec["key"], number, title, (corner,), tuple(columns), tuple(rows), notes=mark_note(rows), **more)

    def _scheme(self, spec: dict[str, Any], number: int) -> Table | None:
        """Rows of amounts, counts and means, or rows of ratios: their changes have different units."""
        rows = []
        ratios: set[bool] = set()
        for one in spec["rows"]:
            figures = [self._book.figure(of) if of and self._book.has(of) else None for of in one["of"]]
            present = [figure for figure in figures if figure is not None]
            if not present:
                continue
            unit = common_unit(present)
            ratios.add(present[0].is_ratio)
            cells: list[Inlines] = [(Words(unit.text),)]
            for figure in figures:
                cells += [cell(figure, unit), cell(self._book.growth(figure) if figure else None)]
            rows.append(Row((Words(one["zh"], one["en"]),), tuple(cells), indent=int(bool(one.get("indent")))))
        if not rows:
            return None
        if len(ratios) > 1:
            raise ValueError(f"table {spec['key']} mixes ratios with other figures")
        columns: list[Inlines] = [(Words("单位", "Unit"),)]
        for scheme in _SCHEMES:
            columns += [(scheme,), _POINTS if ratios == {True} else _GROWTH]
        return self._table(spec, number, Words("指标", "Indicator"), columns, rows, text_columns=frozenset({0}))

    def _columns(self, spec: dict[str, Any], figures: Sequence[Sequence[Figure]]) -> tuple[list[Inlines], list[Unit]]:
        """Headers and units; columns that are declared in one unit are printed in one, so that a reader can add them up."""
        declared = [column[0].unit for column in figures]
        units = [
            common_unit(
                [figure for column, other in zip(figures, declared, strict=True) if other == unit for figure in column]
            )
            for unit in declared
        ]
        headers: list[Inlines] = [
            (Words(one["zh"], one["en"]), Words(f"（{unit.text}）", f" ({unit.text})"))
            for one, unit in zip(spec["columns"], units, strict=True)
        ]
        return headers, units

    def _known(self, spec: dict[str, Any]) -> dict[str, Any]:
        return {**spec, "columns": [one for one in spec["columns"] if self._book.has(one["of"])]}

    def _tier(self, spec: dict[str, Any], number: int) -> Table | None:
        found = {one["of"]: tier_figures(self._book, one["of"]) for one in spec["columns"] if self._book.has(one["of"])}
        spec = {**spec, "columns": [one for one in spec["columns"] if found.get(one["of"])]}
        if not spec["columns"]:
            return None
        tiers = [tier for tier in (*TIERS, OUTSIDE_TIERS) if any(tier in figures for figures in found.values())]
        listed = [
            [self._book.figure(one["of"]), *(found[one["of"]].get(tier) for tier in tiers)] for one in spec["columns"]
        ]
        headers, units = self._columns(spec, [[figure for figure in column if figure] for column in listed])
        names = [Words("合计", "All tiers"), *(Words(**self._tiers[tier]) for tier in tiers)]
        return self._table(
            spec, number, Words("医疗机构等级", "Hospital tier"), headers, self._transposed(names, listed, units)
        )

    def _travel(self, spec: dict[str, Any], number: int) -> Table | None:
        known = self._known(spec)["columns"]
        classes = [
            name for name in TRAVEL_NAMES if any(self._book.has_labels(one["of"], travel_class=name) for one in known)
        ]
        listed = [one for one in known if any(self._book.has_labels(one["of"], travel_class=name) for name in classes)]
        if not listed:
            return None
        spec = {**spec, "columns": listed}
        figures = [
            [self._book.figure(one["of"]), *(self._book.figure(one["of"], travel_class=name) for name in classes)]
            for one in listed
        ]
        headers, units = self._columns(spec, figures)
        names = [Words("合计", "Total"), *(TRAVEL_NAMES[name] for name in classes)]
        return self._table(
            spec, number, Words("就医地", "Place of treatment"), headers, self._transposed(names, figures, units)
        )

    def _transposed(
        self, names: Sequence[Words], figures: Sequence[Sequence[Figure | None]], units: Sequence[Unit]
    ) -> list[Row]:
        return [
            Row(
                (name,),
                tuple(cell(column[position], unit) for column, unit in zip(figures, units, strict=True)),
                int(position > 0),
            )
            for position, name in enumerate(names)
        ]

    def _region(self, spec: dict[str, Any], number: int) -> Table | None:
        spec = self._known(spec)
        sources = self._book.sources
        if not spec["columns"] or not sources.prefectures:
            return None
        # A prefecture's own bulletin shows it beside the province; the others publish theirs.
        is_part = sources.region != sources.province
        regions = [sources.province, *((sources.region,) if is_part else sources.prefectures)]
        figures = [[self._book.figure(one["of"], region=region) for region in regions] for one in spec["columns"]]
        headers, units = self._columns(spec, figures)
        rows = []
        for position, region in enumerate(regions):
            label = region_label(sources, region)
            cells = tuple(cell(column[position], unit) for column, unit in zip(figures, units, strict=True))
            rows.append(Row((Quoted(label.zh, "core.dim_region"),), cells, int(position > 0)))
        return self._table(spec, number, Words("地区", "Region"), headers, rows)

    def _dated_cell(self, figure: Figure, unit: Unit, years: Sequence[int]) -> Inlines:
        """A cell of a row over the years, marked where the series breaks against the year before in the same row."""
        broken = figure.year > years[0] and self._book.break_of(figure.indicator_id, figure.year)
        return (*cell(figure, unit), BREAK_SIGN) if broken and figure.has_value else cell(figure, unit)

    def _all(self, number: int) -> Table:
        years = self._book.years[-3:]
        columns: list[Inlines] = [(Words("单位", "Unit"),), *((YearRun(year), Words("年")) for year in years)]
        columns += [_GROWTH, _POINTS, (Words("口径编号", "Definition"),)]
        rows: list[Row] = []
        section = ""
        for indicator in self._book.headline():
            if not self._book.has(indicator):
                continue
            entry = self._book.entries[indicator]
            if entry.section_name != section:
                section = entry.section_name
                rows.append(Row((Words(section),), ((),) * len(columns), is_group=True))
            figures = [self._book.figure(indicator, year) for year in years]
            unit = common_unit(figures)
            now = figures[-1]
            moved = cell(self._book.growth(now))
            cells: list[Inlines] = [(Words(unit.text),), *(self._dated_cell(figure, unit, years) for figure in figures)]
            cells += [(), moved] if now.is_ratio else [moved, ()]
            cells.append((Quoted(now.definition_id or "-", "indicator.definition"),))
            rows.append(Row((words(entry.name.zh, entry.name.en),), tuple(cells), indent=1, anchor=now.anchor))
        own_definition = (
            Words(
                "各年数按该年的口径由本期数据重新计算，“※”之前与之后不可比；口径编号见“注释与口径”。",
                "Each year by its own definition, computed from the present data; definitions are listed under the notes.",
            ),
        )
        ends = frozenset({0, len(columns) - 1})
        return Table(
            "headline",
            number,
            (Words("主要指标历年数据及口径编号", "Headline indicators by year, with definitions"),),
            (Words("指标", "Indicator"),),
            tuple(columns),
            tuple(rows),
            notes=(own_definition, *mark_note(rows)),
            text_columns=ends,
        )
