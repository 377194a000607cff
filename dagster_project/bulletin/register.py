"""Flat forms of the document: the register of printed figures and the tables as grids of text.

Belongs here: what checks, CSV files and the workbook share. Does not belong here: file formats.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from dagster_project.bulletin.document import (
    Chart,
    Document,
    FigureRun,
    Heading,
    Inline,
    Inlines,
    Paragraph,
    Table,
    plain,
)
from dagster_project.bulletin.figures import Figure
from dagster_project.bulletin.numbers import Unit

COLUMNS = (
    "place", "indicator_id", "name_zh", "year", "region_code", "labels", "kind", "definition_id",
    "printed", "unit", "value", "declared_unit", "status", "source",
)  # fmt: skip


def printed_figures(document: Document) -> Iterator[tuple[str, Figure, Unit | None]]:
    """(place, figure, unit it is printed in) for every figure in text, tables and charts; place is text or a key."""
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
                    yield f"chart:{block.key}", figure, series.unit


def _figures(place: str, parts: Inlines) -> Iterator[tuple[str, Figure, Unit | None]]:
    for part in parts:
        if isinstance(part, FigureRun):
            yield place, part.figure, part.unit


def figure_rows(document: Document) -> list[dict[str, Any]]:
    """The register of printed figures, one row a figure and place, columns `COLUMNS`."""
    rows = []
    for place, figure, unit in printed_figures(document):
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
                "value": "" if figure.value is None else f"{figure.value:f}",
                "declared_unit": figure.unit.text,
                "status": figure.status,
                "source": figure.source,
            }
        )
    return rows


def grid(table: Table, language: str = "zh") -> list[list[str]]:
    """Header and rows of a table as text."""
    header = [plain(table.corner, language), *(plain(column, language) for column in table.columns)]
    body = [[plain(row.header, language), *(plain(cell, language) for cell in row.cells)] for row in table.rows]
    return [header, *body]


def csv_text(rows: list[list[str]]) -> str:
    """CSV text with a byte order mark, so that a spreadsheet program reads the Chinese right."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return "\ufeff" + buffer.getvalue()


def caption(block: Table | Chart, language: str = "zh") -> str:
    """The numbered title of a table or chart."""
    if isinstance(block, Chart):
        return f"图{block.number}　{block.title.zh}" if language == "zh" else f"Figure {block.number}  {block.title.en}"
    return (
        f"表{block.number}　{plain(block.title)}"
        if language == "zh"
        else f"Table {block.number}  {plain(block.title, 'en')}"
    )


def single(parts: Inlines) -> Inline | None:
    """The only part of a cell, None where it has none or several."""
    return parts[0] if len(parts) == 1 else None
