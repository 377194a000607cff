"""Which series a chart has: own figures over the years, the published national ones beside them, targets of policy.

Belongs here: choosing figures and units. Does not belong here: how a chart looks (`chart_spec`), sentences, which charts there are
(the outline).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import Any

from dagster_project.bulletin.book import FigureBook
from dagster_project.bulletin.document import Chart, Goal, Inline, Inlines, Quoted, Series, Words
from dagster_project.bulletin.figures import Figure, common_unit
from dagster_project.bulletin.numbers import Unit
from dagster_project.bulletin.references import NATION, best_row, reference_figure
from dagster_project.language import Text

_BREAK_NOTE = Words("“※”口径变化，与上年不可比。", " ※ break of the series.")
_NATION_NOTE = Words("全国数为已公布数，出处见对照表。", " National figures as published.")
_SEMICOLON, _END = Words("；", "; "), Words("。", ".")
_TARGETS, _REFERENCES = "seed.policy_target", "indicator.published_reference"


class ChartComposer:
    """Puts together the charts of one bulletin, numbered as they are asked for."""

    def __init__(self, book: FigureBook, source_note: Inlines) -> None:
        self._book = book
        self._source_note = source_note
        self._charts = 0
        self._published: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
        for row in book.sources.register(_REFERENCES).iter_rows(named=True):
            if row["geography"] == NATION:
                self._published[row["indicator_id"], int(row["year"])].append(row)
        self._goals = {
            row["indicator_id"]: Goal(
                int(row["year"]),
                Decimal(str(row["value"])).normalize(),
                row["qualifier"] == "at_least",
                Quoted(str(row["source_zh"]), _TARGETS, str(row["source_en"])),
            )
            for row in book.sources.register(_TARGETS).iter_rows(named=True)
        }

    def compose(self, key: str, spec: dict[str, Any]) -> Chart | None:
        """A chart of the outline; None where none of its figures has a value."""
        years = self._book.years
        chosen = [one for one in spec["series"] if self._book.has(one["of"])]
        figures = {one["of"]: tuple(self._book.figure(one["of"], year) for year in years) for one in chosen}
        drawn = [figure for several in figures.values() for figure in several if figure.has_value]
        if not drawn:
            return None
        # Series on one axis share its unit.
        sides: dict[bool, list[str]] = {
            side: [one["of"] for one in chosen if bool(one.get("line")) == side] for side in (False, True)
        }
        references = {of: self._references(of, years) for of in figures}
        series: list[Series] = []
        for one in chosen:
            side = sides[bool(one.get("line"))]
            unit = common_unit([figure for of in side for figure in figures[of]])
            theirs = [figure for of in side for figure in references[of]]
            # Where a nation and a province stand on one axis it has one unit; of amounts and counts each has its own.
            declared = figures[one["of"]][0].unit
            there = _usual(theirs, declared) if declared.is_scalable else unit
            series.append(
                Series(
                    Text(one["zh"], one["en"]),
                    figures[one["of"]],
                    unit,
                    bool(one.get("line")),
                    tuple(_printed_in(figure, there) for figure in references[one["of"]]),
                    there,
                    self._goals.get(one["of"]),
                )
            )
        first = min(figure.year for figure in drawn)
        breaks = self._breaks(figures, years, first, self._book.sources.region)
        self._charts += 1
        return Chart(
            key=key,
            number=self._charts,
            title=Text(spec["title"]["zh"], spec["title"]["en"]),
            series=tuple(series),
            footnote=self._footnote(series, breaks),
            is_stacked=bool(spec.get("stacked")),
            breaks=breaks,
            reference_breaks=self._breaks(figures, years, first, NATION),
        )

    def _breaks(
        self, figures: dict[str, tuple[Figure, ...]], years: list[int], first: int, place: str
    ) -> frozenset[int]:
        return frozenset(
            year for year in years if year > first for of in figures if self._book.break_of(of, year, place)
        )

    def _references(self, indicator: str, years: list[int]) -> list[Figure]:
        """Published national figures of the years drawn, of the most settled vintage."""
        rows = [best_row(self._published.get((indicator, year), [])) for year in years]
        figures = [reference_figure(self._book, row) for row in rows if row]
        return [replace(figure, unit=Unit.parse(figure.unit.text)) for figure in figures]

    def _footnote(self, series: list[Series], breaks: frozenset[int]) -> Inlines:
        parts: list[Inline] = [*self._source_note, *([_BREAK_NOTE] if breaks else [])]
        if any(one.reference for one in series):
            parts.append(_NATION_NOTE)
        sources = list(dict.fromkeys(one.goal.source for one in series if one.goal))
        for number, source in enumerate(sources):
            parts += [Words("目标：", " Target: ") if number == 0 else _SEMICOLON, source]
        return (*parts, _END) if sources else tuple(parts)


def _usual(figures: list[Figure], declared: Unit) -> Unit:
    """The unit that most of these published figures were printed in, the larger one of two."""
    counted = Counter(figure.unit for figure in figures)
    return max(counted, key=lambda unit: (counted[unit], unit.factor), default=declared)


def _printed_in(figure: Figure, unit: Unit) -> Figure:
    """A published figure with the digits that its publisher gave, no more, when it is printed in another unit."""
    shift = (figure.unit.factor / unit.factor).adjusted()
    return replace(figure, decimals=max(0, min(2, figure.decimals - shift)) if shift else figure.decimals)
