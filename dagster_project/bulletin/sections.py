"""The text sections, from the outline and the figures.

Belongs here: walking the outline, numbering, choosing what is printed. Does not belong here: sentences (grammar), tables, the
series of charts (`chart_series`), formats.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dagster_project.bulletin.book import FigureBook
from dagster_project.bulletin.chart_series import ChartComposer
from dagster_project.bulletin.document import (
    Block,
    Heading,
    Inline,
    Inlines,
    NumberRun,
    Paragraph,
    Quoted,
    Words,
)
from dagster_project.bulletin.figures import Figure
from dagster_project.bulletin.grammar import Grammar
from dagster_project.bulletin.notes import Notes

TIERS = ("tertiary", "secondary", "primary_and_below")
OUTSIDE_TIERS = "unknown"
_TIER_SUFFIX = {"tertiary": "tertiary", "secondary": "secondary", "primary_and_below": "primary"}
_NUMERALS = "〇一二三四五六七八九十"


def numeral(number: int) -> str:
    """Chinese numeral of a section number from one to nineteen."""
    if number <= 10:
        return _NUMERALS[number]
    return "十" + _NUMERALS[number - 10]


def spoken_indicators(sections: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Indicators in the order in which the text of these sections comes to them."""
    for section in sections:
        for sentences in section.get("paragraphs", ()):
            for sentence in sentences:
                of = sentence["of"]
                yield from [of] if isinstance(of, str) else of
                yield from sentence.get("parts", {}).get("of", ())
        yield from spoken_indicators(section.get("topics", ()))
        yield from spoken_indicators(section.get("sections", ()))


def tier_figures(
    book: FigureBook, indicator: str, region: str | None = None, year: int | None = None
) -> dict[str, Figure]:
    """The tiers of an indicator: its breakdown rows, or the indicators whose ids name the tier; {} where neither is.

    R32: institutions in none of the tiers are the last group, where there are any.
    """
    if book.has_labels(indicator, hospital_tier=TIERS[0]):
        found = {tier: book.figure(indicator, year, region, hospital_tier=tier) for tier in TIERS}
        rest = book.figure(indicator, year, region, hospital_tier=OUTSIDE_TIERS)
        return found | ({OUTSIDE_TIERS: rest} if rest.has_value or rest.status == "suppressed" else {})
    named = {tier: f"{indicator}_{_TIER_SUFFIX[tier]}" for tier in TIERS}
    if all(book.has(one) for one in named.values()):
        return {tier: book.figure(one, year, region) for tier, one in named.items()}
    return {}


class SectionComposer:
    """Writes the sections of one bulletin as blocks."""

    def __init__(self, book: FigureBook, outline: dict[str, Any], notes: Notes, source_note: Inlines) -> None:
        self._book = book
        self._outline = outline
        self._notes = notes
        self._grammar = Grammar(book, notes)
        self._charts = ChartComposer(book, source_note)

    def compose(self) -> tuple[list[Block], int]:
        """Blocks of all sections that have an indicator, and how many sections there are."""
        blocks: list[Block] = []
        number = 0
        for section in self._outline["sections"]:
            body = self._content(section)
            for position, part in enumerate(section.get("sections", ()), 1):
                inner = self._content(part)
                if inner:
                    title = (Words(f"（{numeral(position)}）"), Words(part["zh"], part["en"]))
                    body += [Heading(2, title, part["key"]), *inner]
            if body:
                number += 1
                title = (Words(f"{numeral(number)}、"), Words(section["zh"], section["en"]))
                blocks += [Heading(1, title, section["key"]), *body]
        return blocks, number

    def _content(self, section: dict[str, Any]) -> list[Block]:
        blocks = self._paragraphs(section)
        for position, topic in enumerate(section.get("topics", ()), 1):
            inner = self._paragraphs(topic)
            if inner:
                title = (NumberRun(position), Words("."), Words(topic["zh"], topic["en"]))
                blocks += [Heading(3, title), *inner]
        return blocks

    def _paragraphs(self, part: dict[str, Any]) -> list[Block]:
        blocks: list[Block] = []
        for sentences in part.get("paragraphs", ()):
            known = [sentence for sentence in sentences if self._is_known(sentence)]
            if known:
                blocks.append(Paragraph(tuple(self._paragraph(known))))
        for key in part.get("charts", ()):
            chart = self._charts.compose(key, self._outline["charts"][key])
            blocks += [chart] if chart else []
        return blocks

    def _is_known(self, sentence: dict[str, Any]) -> bool:
        of = sentence["of"]
        if not self._is_in_force(sentence.get("when", {})):
            return False
        return all(self._book.has(indicator) for indicator in ([of] if isinstance(of, str) else of))

    def _paragraph(self, sentences: Sequence[dict[str, Any]]) -> list[Inline]:
        year = self._book.sources.year
        parts: list[Inline] = []
        opened = False
        for sentence in sentences:
            pattern = sentence["pattern"]
            if pattern == "parallel":
                parts += [Words(sentence.get("lead", "其中，")), *self._parallel(sentence)]
                parts += [*self._unknown(sentence, sentence.get("whole", "")), Words("。")]
                continue
            if not opened or pattern == "stock":
                parts += self._grammar.lead(pattern, year)
            opened = True
            indicator = sentence["of"]
            figure = self._book.figure(indicator)
            parts += self._grammar.sentence(pattern, self._label(indicator), figure)
            parts += self._breakdown(sentence, figure) if figure.has_value else []
            parts.append(Words("。"))
        return parts

    def _label(self, indicator: str) -> str:
        entry = self._book.entries.get(indicator)
        return entry.name.zh if entry else indicator

    def _breakdown(self, sentence: dict[str, Any], figure: Figure) -> list[Inline]:
        parts: list[Inline] = []
        if listed := sentence.get("parts"):
            figures = [self._book.figure(indicator) for indicator in listed["of"]]
            parts += self._parts(listed, figures)
        parts += self._unknown(sentence, figure.indicator_id)
        if "tiers" in sentence:
            parts += self._tiers(sentence["tiers"], tier_figures(self._book, figure.indicator_id))
        return parts

    def _tiers(self, of: str, figures: dict[str, Figure]) -> list[Inline]:
        """The tiers, and with them the ungraded institutions where the definition lists them apart."""
        if self._book.wording.choice("unknown_tier") != "separate":
            figures.pop(OUTSIDE_TIERS, None)
        names = [self._outline["tiers"][tier]["zh"] for tier in figures]
        return self._grammar.tiers(of, names, list(figures.values())) if figures else []

    def _parts(self, listed: dict[str, Any], figures: Sequence[Figure]) -> list[Inline]:
        """The parts; the last stands apart in years whose definition leaves it out of the whole."""
        labels = listed["labels"]
        if self._is_in_force(listed.get("last_is_part_when", {})):
            return self._grammar.parts(labels, figures)
        return [
            *self._grammar.parts(labels[:-1], figures[:-1]),
            Words("。另有"),
            *self._grammar.statement(labels[-1], figures[-1]),
            Words("，不计入上述人次"),
        ]

    def _is_in_force(self, choices: dict[str, str]) -> bool:
        """True unless one of these definition choices is another one in the reporting year."""
        return all(self._book.wording.choice(switch) == value for switch, value in choices.items())

    def _unknown(self, sentence: dict[str, Any], whole: str) -> list[Inline]:
        """The group that could not be assigned, so that the parts make the whole; nothing where it is empty."""
        if "unknown" not in sentence:
            return []
        unknown = sentence["unknown"]
        rest = self._book.figure(whole, **unknown["label"])
        if not rest.value and rest.status != "suppressed":
            return []
        return [Words("，"), *self._grammar.statement(unknown["zh"], rest)]

    def _parallel(self, sentence: dict[str, Any]) -> list[Inline]:
        figures = [self._book.figure(indicator) for indicator in sentence["of"]]
        return self._grammar.parallel(sentence["labels"], figures)


def source_note(book: FigureBook) -> Inlines:
    """The line under every chart: where its numbers come from, and that they are invented where they are."""
    sources = book.sources
    region = sources.region_names.get(sources.region, sources.region)
    parts: list[Inline] = [
        Words("资料来源：", "Source: "),
        Quoted(region, "core.dim_region"),
        Words("医疗保障统计仓库，数据截至", " medical insurance statistics warehouse, as of "),
        Quoted(sources.as_of.isoformat(), "vintage"),
    ]
    if sources.synthetic:
        parts.append(Words("。合成数据，非真实统计", ". Synthetic data, not real statistics"))
    return (*parts, Words("。", "."))
