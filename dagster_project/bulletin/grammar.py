"""Sentences from figures: the patterns of the bulletin's grammar.

Belongs here: verbs by sign, units by size, percentage points for ratios, no comparison across a break. Does not belong
here: which indicator stands where, which is `outline.yml`.

Patterns: stock (截至…年底), flow (…年), level (no comparison), ratio (个百分点), parts, parallel parts, tiers.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from dagster_project.bulletin.book import FigureBook
from dagster_project.bulletin.document import FigureRun, Inline, Words, YearRun, words
from dagster_project.bulletin.figures import NOT_COMPUTABLE_MARK, SUPPRESSED_MARK, Figure, common_unit
from dagster_project.bulletin.notes import Notes
from dagster_project.bulletin.numbers import Unit

# Marks of a level, in the order in which a list of figures comes to them.
_STATES = ("", SUPPRESSED_MARK, NOT_COMPUTABLE_MARK)
_VERBS = {"change": ("增加", "减少"), "growth": ("增长", "下降"), "points": ("提高", "降低")}


def with_unit(figure: Figure, unit: Unit | None = None) -> list[Inline]:
    """Digits and unit, or the marker alone."""
    if not figure.has_value:
        return [FigureRun(figure)]
    unit = unit or figure.shown_unit()
    return [FigureRun(figure, unit), Words(unit.text)]


class Grammar:
    """Makes sentences for one bulletin, leaving note references where they apply."""

    def __init__(self, book: FigureBook, notes: Notes) -> None:
        self._book = book
        self._notes = notes

    def lead(self, pattern: str, year: int) -> list[Inline]:
        """Opening of a sentence: a stock is at the end of the year, everything else is of the year."""
        if pattern == "stock":
            return [Words("截至"), YearRun(year), Words("年底，")]
        return [YearRun(year), Words("年，")]

    def statement(self, label: str, figure: Figure) -> list[Inline]:
        """{对象}{N}{单位}, with its notes; or in words that the figure is withheld or cannot be computed."""
        parts: list[Inline] = [words(label)]
        if figure.has_value:
            separator = "为" if label.endswith(("率", "比例", "占比", "费用", "床日", "结存", "救助")) else ""
            parts += [Words(separator), *with_unit(figure)] if separator else with_unit(figure)
        else:
            parts += self._without_value([figure])
        return [*parts, *self._notes.for_indicator(figure.indicator_id)]

    def comparison(self, figure: Figure, with_change: bool = False) -> list[Inline]:
        """，比上年…: change and growth on the restated year before; only a note across a break; nothing without a base."""
        if not figure.has_value:
            return []
        if self._book.break_of(figure.indicator_id, figure.year, figure.region_code):
            return list(self._notes.for_break(figure))
        change, growth = self._book.change(figure), self._book.growth(figure)
        if change.value is None:
            return []
        if change.value == 0:
            return [Words("，与上年持平")]
        told = change if figure.is_ratio else growth
        if not with_change and told.is_too_small_to_tell:
            return [Words("，与上年基本持平")]
        if figure.is_ratio:
            return [Words("，比上年"), *self._movement(change, "points")]
        if not with_change and growth.value is None:
            return [Words("，比上年"), *self._movement(change, "change")]
        parts: list[Inline] = [Words("，比上年")]
        if with_change:
            parts += self._movement(change, "change")
        if growth.value is not None:
            parts += (
                [Words("，"), *self._movement(growth, "growth")] if with_change else self._movement(growth, "growth")
            )
        return parts

    def _movement(self, figure: Figure, kind: str) -> list[Inline]:
        rises, falls = _VERBS[kind]
        verb = rises if figure.value is not None and figure.value > 0 else falls
        return [Words(verb), *with_unit(figure.unsigned())]

    def sentence(self, pattern: str, label: str, figure: Figure) -> list[Inline]:
        """One indicator: level, and what the pattern adds to it."""
        parts = self.statement(label, figure)
        if pattern == "level":
            return parts
        return parts + self.comparison(figure, with_change=pattern == "stock")

    def parts(self, labels: Sequence[str], figures: Sequence[Figure]) -> list[Inline]:
        """；其中，{a}{x}{单位}，{b}{y}{单位}，{c}不予公布: each part in the unit fitting its size."""
        listed: list[Inline] = [Words("；其中，")]
        for position, (label, figure) in enumerate(zip(labels, figures, strict=True)):
            listed += [Words("，")] if position else []
            listed += [words(label), *(with_unit(figure) if figure.has_value else self._without_value([figure]))]
        return listed

    def parallel(self, labels: Sequence[str], figures: Sequence[Figure], of: str = "") -> list[Inline]:
        """{A}、{B}{of}分别为{x}、{y}{单位}，{C}不予公布: one unit for all; no mark stands among digits."""
        if len(labels) != len(figures):
            raise ValueError("as many labels as figures are needed")
        unit = common_unit(figures)
        listed: list[Inline] = []
        for members in _by_state(labels, figures):
            # What the figures are of is said once, after the first names.
            names = "、".join(label for label, _ in members)
            listed += [Words("，"), words(names)] if listed else [words(names + of)]
            listed += self._together([figure for _, figure in members], unit)
        return listed

    def _together(self, figures: Sequence[Figure], unit: Unit) -> list[Inline]:
        """What stands after the names of figures of one state."""
        are_several = len(figures) > 1
        if not figures[0].has_value:
            return [Words("均" if are_several else ""), *self._without_value(figures)]
        runs = _enumerated([FigureRun(figure, unit) for figure in figures])
        return [Words("分别为" if are_several else "为"), *runs, Words(unit.text)]

    def _without_value(self, figures: Sequence[Figure]) -> list[Inline]:
        """不予公布（—）or 本期无法计算（…）, with the notes on the reasons: figures of one state, each with its mark.

        Whether a withheld figure is small itself, or would give a small one away, is not said.
        """
        marks = _enumerated([FigureRun(figure) for figure in figures])
        said = "不予公布（" if figures[0].marker == SUPPRESSED_MARK else "本期无法计算（"
        notes = [note for figure in figures for note in self._notes.for_reason(figure)]
        return [Words(said), *marks, Words("）"), *dict.fromkeys(notes)]

    def tiers(self, of: str, names: Sequence[str], figures: Sequence[Figure]) -> list[Inline]:
        """；其中三级、二级、一级及以下…医疗机构的{指标}分别为…: fixed order, named as the definition in force groups them."""
        return [Words("；其中"), *self.parallel(names, figures, f"医疗机构的{of}")]


def _enumerated(runs: Sequence[FigureRun]) -> list[Inline]:
    """Figures with 、 between them."""
    listed: list[Inline] = []
    for run in runs:
        listed += [Words("、"), run] if listed else [run]
    return listed


def _by_state(labels: Sequence[str], figures: Sequence[Figure]) -> list[list[tuple[str, Figure]]]:
    """Members with a value, then those withheld, then those that cannot be computed, each in their order."""
    members = sorted(zip(labels, figures, strict=True), key=lambda member: _STATES.index(member[1].marker))
    return [list(group) for _, group in groupby(members, key=lambda member: member[1].marker)]
