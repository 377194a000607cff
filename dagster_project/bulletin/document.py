"""The document model: what the bulletin says, before any format.

Belongs here: inline parts, blocks and the rule that a digit has an owner. Does not belong here: Word, HTML or Excel.

Every digit of the bulletin stands in a `FigureRun`, a `YearRun`, a `NumberRun` (section, table, chart, note numbers) or a
`Quoted` text of a register (definition, source, check), never in `Words`: these refuse digits, so a template cannot hold a
typed figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from dagster_project.bulletin.figures import Figure
from dagster_project.bulletin.numbers import Unit
from dagster_project.language import Text

_DIGIT = re.compile(r"[0-9０-９]")


@dataclass(frozen=True)
class Words:
    """Text of templates and dictionaries, without any digit."""

    zh: str
    en: str = ""

    def __post_init__(self) -> None:
        if _DIGIT.search(self.zh) or _DIGIT.search(self.en):
            raise ValueError(f"a digit in words that no figure owns: {self.zh!r} / {self.en!r}")

    def text(self, language: str = "zh") -> str:
        """The words in one language, Chinese where there is no other."""
        return self.en if language != "zh" and self.en else self.zh


@dataclass(frozen=True)
class FigureRun:
    """The digits of a figure, in the unit given or the one fitting its size."""

    figure: Figure
    unit: Unit | None = None

    def text(self, language: str = "zh") -> str:
        """The digits, or the marker of a figure without value."""
        return self.figure.in_unit(self.unit)


@dataclass(frozen=True)
class YearRun:
    """A year (or another date of the publication itself)."""

    year: int

    def text(self, language: str = "zh") -> str:
        """The year's digits."""
        return str(self.year)


@dataclass(frozen=True)
class NumberRun:
    """The number of a section, table, chart or note."""

    number: int

    def text(self, language: str = "zh") -> str:
        """The number's digits."""
        return str(self.number)


@dataclass(frozen=True)
class NoteRun:
    """A reference to a note, shown raised."""

    key: str
    number: int

    def text(self, language: str = "zh") -> str:
        """The mark of the note."""
        return f"[{self.number}]"


@dataclass(frozen=True)
class Quoted:
    """Text taken from a register or from the run itself, with its place: definitions, hashes, sources, dates, checks."""

    zh: str
    origin: str
    en: str = ""

    def text(self, language: str = "zh") -> str:
        """The text in one language, Chinese where there is no other."""
        return self.en if language != "zh" and self.en else self.zh


def words(text: str, english: str = "", origin: str = "ops.indicator_dictionary") -> Words | Quoted:
    """A label of a register: words, or quoted where the register's own text holds digits."""
    try:
        return Words(text, english)
    except ValueError:
        return Quoted(text, origin, english)


Inline = Words | FigureRun | YearRun | NumberRun | NoteRun | Quoted
Inlines = tuple[Inline, ...]


@dataclass(frozen=True)
class Heading:
    """A heading; `level` 1 for 一、, 2 for （一）, 3 for a run-in title."""

    level: int
    title: Inlines
    anchor: str = ""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; `kind` chooses its look."""

    parts: Inlines
    kind: Literal["body", "note", "small"] = "body"


@dataclass(frozen=True)
class Row:
    """One table row: the row header's parts, its cells, and the indentation of the header.

    A group row has empty cells: its header stands over the rows that follow.
    """

    header: Inlines
    cells: tuple[Inlines, ...]
    indent: int = 0
    anchor: str = ""
    is_group: bool = False


@dataclass(frozen=True)
class Table:
    """A table; `key` names its sheet and CSV file, `columns` are the headers after the row header's."""

    key: str
    number: int
    title: Inlines
    corner: Inlines
    columns: tuple[Inlines, ...]
    rows: tuple[Row, ...]
    unit: Inlines = ()
    notes: tuple[Inlines, ...] = ()
    is_reference: bool = False
    text_columns: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Goal:
    """Where a plan wants an indicator to be in a year, in the unit of the indicator."""

    year: int
    value: Decimal
    is_at_least: bool  # about this much otherwise
    source: Quoted

    @property
    def words(self) -> Quoted:
        """The goal as a chart writes it: 2030年目标≥95%."""
        amount = f"{self.value:f}%"
        zh, en = (f"≥{amount}", f"at least {amount}") if self.is_at_least else (f"约{amount}", f"about {amount}")
        return Quoted(f"{self.year}年目标{zh}", self.source.origin, f"goal for {self.year}: {en}")


@dataclass(frozen=True)
class Series:
    """One series of a chart: label and one figure a year, the published national figures of these years, the goal of a plan."""

    label: Text
    figures: tuple[Figure, ...]
    unit: Unit
    is_line: bool = False
    reference: tuple[Figure, ...] = ()
    reference_unit: Unit | None = None
    goal: Goal | None = None

    @property
    def is_comparable(self) -> bool:
        """True for ratios and means: a nation and a province stand on one axis. Amounts and counts are of another size."""
        return not self.unit.is_scalable and not any(figure.unit.is_scalable for figure in self.figures)


@dataclass(frozen=True)
class Chart:
    """A chart of yearly figures; `stacked` columns or columns side by side, lines on a second axis, or lines alone."""

    key: str
    number: int
    title: Text
    series: tuple[Series, ...]
    footnote: Inlines
    is_stacked: bool = False
    breaks: frozenset[int] = frozenset()  # years in which a series is not comparable with the year before
    reference_breaks: frozenset[int] = frozenset()  # the same of the published figures


Block = Heading | Paragraph | Table | Chart


@dataclass
class Document:
    """The whole bulletin in reading order, and what every page repeats."""

    title: Inlines
    header: Inlines
    is_synthetic: bool
    banner: Inlines = ()
    state: Inlines = ()  # which past state it tells of; empty for the present
    facts: list[tuple[Words, Inlines]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    regions: dict[str, str] = field(default_factory=dict)  # names of the regions whose figures it prints

    def inlines(self) -> Iterator[Inline]:
        """Every inline part of the document, in order."""
        yield from self.title
        yield from self.header
        yield from self.banner
        yield from self.state
        for label, parts in self.facts:
            yield label
            yield from parts
        for block in self.blocks:
            yield from _inlines_of(block)

    def tables(self) -> list[Table]:
        """Tables in order."""
        return [block for block in self.blocks if isinstance(block, Table)]

    def charts(self) -> list[Chart]:
        """Charts in order."""
        return [block for block in self.blocks if isinstance(block, Chart)]


def _inlines_of(block: Block) -> Iterator[Inline]:
    if isinstance(block, Heading):
        yield from block.title
    elif isinstance(block, Paragraph):
        yield from block.parts
    elif isinstance(block, Chart):
        yield NumberRun(block.number)
        yield Words(block.title.zh, block.title.en)
        for series in block.series:
            yield Words(series.label.zh, series.label.en)
            for figure in series.figures:
                yield YearRun(figure.year)
                yield FigureRun(figure, series.unit)
            for figure in series.reference:
                yield YearRun(figure.year)
                yield FigureRun(figure, series.reference_unit)
            if series.goal:
                yield series.goal.words
        yield from block.footnote
    else:
        yield NumberRun(block.number)
        for parts in (block.title, block.corner, *block.columns, block.unit, *block.notes):
            yield from parts
        for row in block.rows:
            yield from row.header
            for cell in row.cells:
                yield from cell


def plain(parts: Sequence[Inline], language: str = "zh") -> str:
    """The parts as plain text."""
    return "".join(part.text(language) for part in parts)
