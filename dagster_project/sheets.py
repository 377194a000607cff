"""Tables of an answer, shown on the terminal or kept as a workbook: what analysts look at beside the bulletin.

Belongs here: columns with a kind, printing, the workbook. Does not belong here: any question or its SQL (`explain/`), the
bulletin's own tables (`bulletin/`), which are made of traced figures.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from dagster_project.language import Text

Kind = Literal["text", "count", "amount", "percent", "mean", "index"]
# As printed, and as a number format of a workbook; an index is a small number between 0 and about 1.
_PRINTED = {"count": ",.0f", "amount": ",.2f", "percent": ",.1f", "mean": ",.1f", "index": ".4f"}
_FORMATS = {"count": "#,##0", "amount": "#,##0.00", "percent": "#,##0.0", "mean": "#,##0.0", "index": "0.0000"}
_FONT = "宋体"
_WIDEST = 76  # places of a column; what is longer goes on below
_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")  # what no name of a sheet may hold


@dataclass(frozen=True)
class Column:
    """A header with its unit in it, and what kind of values stand below it."""

    name: Text
    kind: Kind = "text"


@dataclass(frozen=True)
class Sheet:
    """One table: a title, columns, rows of plain values (None prints as nothing), and what a reader must know."""

    title: Text
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: Text | None = None


def shown(value: Any, kind: Kind, language: str) -> str:
    """A value as people read it."""
    if value is None:
        return ""
    if isinstance(value, Text):
        return value.in_language(language)
    return str(value) if kind == "text" else format(value, _PRINTED[kind])


def print_sheet(sheet: Sheet, language: str) -> None:
    """The table on the terminal, numbers to the right; as wide as it needs to be where nobody looks (a pipe)."""
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=sheet.title.in_language(language), title_justify="left", title_style="bold", box=None, pad_edge=False
    )
    for column in sheet.columns:
        table.add_column(column.name.in_language(language), justify="left" if column.kind == "text" else "right")
    for row in sheet.rows:
        kinds = (column.kind for column in sheet.columns)
        table.add_row(*(shown(value, kind, language) for value, kind in zip(row, kinds, strict=True)))
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 1000
    console.print(table)
    if sheet.note:
        console.print(sheet.note.in_language(language))
    console.print()


def _width(sheet: Sheet, place: int, language: str) -> int:
    """Of a column of text as wide as its longest cell, within reason."""
    column = sheet.columns[place]
    if column.kind != "text":
        return 15
    texts = [column.name.in_language(language), *(shown(row[place], "text", language) for row in sheet.rows)]
    return min(_WIDEST, max(map(_places, texts)) + 2)


def _places(text: str) -> int:
    """Width of a text in a Chinese font, in which quotation marks and dashes take two places as its characters do."""
    return sum(2 if unicodedata.east_asian_width(one) in "WFA" else 1 for one in text)


def book_of(sheets: Sequence[Sheet], language: str, made: datetime) -> bytes:
    """A workbook of these tables, one a sheet; the bytes depend on the tables and `made` alone."""
    import xlsxwriter

    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    book.set_properties({"created": made})
    base = {"font_name": _FONT, "font_size": 10, "valign": "vcenter"}
    title = book.add_format({**base, "font_size": 14, "bold": True})
    head = book.add_format(
        {**base, "bold": True, "text_wrap": True, "align": "center", "bg_color": "#E8EEF5", "bottom": 1}
    )
    plain = book.add_format({**base, "text_wrap": True})
    formats = {kind: book.add_format({**base, "num_format": pattern}) for kind, pattern in _FORMATS.items()}
    for number, sheet in enumerate(sheets, 1):
        page = book.add_worksheet(_SHEET_NAME.sub("", f"{number} {sheet.title.in_language(language)}")[:31])
        page.write_string(0, 0, sheet.title.in_language(language), title)
        if sheet.note:
            page.write_string(1, 0, sheet.note.in_language(language), book.add_format(base))
        for place, column in enumerate(sheet.columns):
            page.write_string(2, place, column.name.in_language(language), head)
            page.set_column(place, place, _width(sheet, place, language))
        for line, row in enumerate(sheet.rows, 3):
            for place, (value, column) in enumerate(zip(row, sheet.columns, strict=True)):
                if value is None:
                    continue
                if column.kind == "text":
                    page.write_string(line, place, shown(value, "text", language), plain)
                else:
                    page.write_number(line, place, float(value), formats[column.kind])
        page.freeze_panes(3, 1)
        page.set_landscape()
        page.fit_to_pages(1, 0)
    book.close()
    return content.getvalue()
