"""The register of printed figures: every figure of the document with its place, unit, parts and status.

Belongs here: what the workbook, the CSV files and the release descriptor share. Does not belong here: file formats, the
tables as data (`data_tables`).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from dagster_project.bulletin.document import (
    Chart,
    Document,
    FigureRun,
    Heading,
    Inlines,
    Paragraph,
    Table,
    Words,
    plain,
)
from dagster_project.bulletin.figures import BREAK_MARK, Figure
from dagster_project.bulletin.numbers import Unit, rounded
from dagster_project.language import Text

# Machine names in the order of the files, with their headers for people.
HEADERS = {
    "place": Text("所在位置", "Place"), "indicator_id": Text("指标编码", "Indicator"),
    "name_zh": Text("指标名称", "Name in Chinese"), "year": Text("年份", "Year"),
    "region_code": Text("地区代码", "Region"), "labels": Text("分组", "Breakdown"),
    "kind": Text("数的类别", "Kind"), "definition_id": Text("口径编号", "Definition"),
    "printed": Text("印出的数", "Printed"), "unit": Text("印出的单位", "Printed unit"),
    "value": Text("未舍入的数", "Unrounded value"), "declared_unit": Text("未舍入数的单位", "Its unit"),
    "status": Text("状态", "Status"), "source": Text("出处", "Source"),
    "numerator": Text("分子", "Numerator"), "denominator": Text("分母", "Denominator"),
    "series_break": Text("口径变化", "Series break"),
}  # fmt: skip
COLUMNS = tuple(HEADERS)
# Levels are the exact values of the database; a change or growth on them is a quotient without end, given to this many digits.
DERIVED_DECIMALS = 10


class Printed(NamedTuple):
    """A figure where it is printed; `place` is text, heading or a key, `unit` None where it is the one fitting its size.

    `is_break`: its place marks a break of the series against the year before.
    """

    place: str
    figure: Figure
    unit: Unit | None
    is_break: bool


def printed_figures(document: Document) -> Iterator[Printed]:
    """Every figure in text, tables and charts, in order."""
    for block in document.blocks:
        if isinstance(block, Paragraph):
            yield from _figures("text", block.parts)
        elif isinstance(block, Heading):
            yield from _figures("heading", block.title)
        elif isinstance(block, Table):
            for row in block.rows:
                for cell in row.cells:
                    yield from _figures(f"table:{block.key}", cell)
        elif isinstance(block, Chart):
            for series in block.series:
                for figure in series.figures:
                    yield Printed(f"chart:{block.key}", figure, series.unit, figure.year in block.breaks)
                for figure in series.reference:
                    is_break = figure.year in block.reference_breaks
                    yield Printed(f"chart:{block.key}", figure, series.reference_unit, is_break)


def _figures(place: str, parts: Inlines) -> Iterator[Printed]:
    for part in parts:
        if isinstance(part, FigureRun):
            yield Printed(place, part.figure, part.unit, marks_break(parts))


def marks_break(parts: Inlines) -> bool:
    """Whether a cell says that its figure cannot be compared with the year before, by its own mark or the one behind it."""
    return any(
        part.figure.marker == BREAK_MARK if isinstance(part, FigureRun) else part == Words(BREAK_MARK) for part in parts
    )


def figure_rows(document: Document) -> list[dict[str, Any]]:
    """The register of printed figures, one row a figure and place, columns `COLUMNS`."""
    rows = []
    for place, figure, unit, is_break in printed_figures(document):
        shown = unit if figure.has_value else None
        rows.append(
            {
                "place": place,
                "indicator_id": figure.indicator_id,
                "name_zh": figure.name.zh,
                "year": figure.year,
                "region_code": figure.region_code,
                "labels": ";".join(f"{name}={member}" for name, member in figure.labels),
                "kind": figure.kind,
                "definition_id": figure.definition_id,
                "printed": figure.in_unit(shown),
                "unit": (shown or figure.shown_unit()).text if figure.has_value else "",
                "value": _exact(figure),
                "declared_unit": figure.unit.text,
                "status": figure.status,
                "source": figure.source,
                "numerator": _part(figure, figure.numerator),
                "denominator": _part(figure, figure.denominator),
                "series_break": "Y" if is_break else "",
            }
        )
    return rows


def _part(figure: Figure, part: Decimal | None) -> str:
    return "" if part is None or not figure.has_value else f"{part:f}"


def _exact(figure: Figure) -> str:
    if figure.value is None:
        return ""
    if figure.kind not in ("change", "growth"):
        return f"{figure.value:f}"
    text = f"{rounded(figure.value, DERIVED_DECIMALS):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def caption(block: Table | Chart, language: str = "zh") -> str:
    """The numbered title of a table or chart."""
    if isinstance(block, Chart):
        return f"图{block.number}　{block.title.zh}" if language == "zh" else f"Figure {block.number}  {block.title.en}"
    return (
        f"表{block.number}　{plain(block.title)}"
        if language == "zh"
        else f"Table {block.number}  {plain(block.title, 'en')}"
    )
