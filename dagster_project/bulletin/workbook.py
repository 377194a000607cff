"""The bulletin as a workbook: a sheet a table, all values in long form, explanations and definitions.

Belongs here: sheets, number formats, names of cells. Does not belong here: which tables there are. Cells hold the rounded
number that the bulletin prints; the sheet 数据 holds the unrounded ones. The bytes depend on the document alone.
"""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import xlsxwriter

from dagster_project.bulletin.document import Document, FigureRun, Inlines, Table, plain
from dagster_project.bulletin.figures import BREAK_MARK
from dagster_project.bulletin.numbers import rounded
from dagster_project.bulletin.register import COLUMNS, caption, figure_rows

_FONT = "宋体"
_DATA, _ABOUT, _DEFINITIONS = "数据", "说明", "口径"


class _Formats:
    """Cell formats, made once a workbook."""

    def __init__(self, book: Any) -> None:
        self._book = book
        base = {"font_name": _FONT, "font_size": 10, "valign": "vcenter"}
        self.title = book.add_format({**base, "font_size": 14, "bold": True})
        self.alarm = book.add_format({**base, "bold": True, "font_color": "#9C1C13"})
        self.head = book.add_format(
            {**base, "bold": True, "text_wrap": True, "align": "center", "bg_color": "#E8EEF5", "top": 2, "bottom": 1}
        )
        self.row = book.add_format({**base, "bottom": 4, "bottom_color": "#C8CCD2"})
        self.inner = book.add_format({**base, "bottom": 4, "bottom_color": "#C8CCD2", "indent": 1})
        self.text = book.add_format({**base, "text_wrap": True, "bottom": 4, "bottom_color": "#C8CCD2"})
        self.mark = book.add_format(
            {**base, "align": "right", "bottom": 4, "bottom_color": "#C8CCD2", "font_color": "#595959"}
        )
        self.note = book.add_format({**base, "font_color": "#595959"})
        self._base = base
        self._numbers: dict[tuple[int, str], Any] = {}

    def number(self, decimals: int, mark: str = "") -> Any:
        """Right-aligned number with this many decimals, and a mark behind it that is not part of the number."""
        if (decimals, mark) not in self._numbers:
            shape = "0" if decimals == 0 else "0." + "0" * decimals
            shape += f'"{mark}"' if mark else ""
            form = {**self._base, "num_format": shape, "bottom": 4, "bottom_color": "#C8CCD2"}
            self._numbers[decimals, mark] = self._book.add_format(form)
        return self._numbers[decimals, mark]


def _top(sheet: Any, formats: _Formats, title: str, document: Document, vintage: str) -> int:
    """Title, vintage and the mark of invented data; returns the first free row."""
    sheet.write_string(0, 0, title, formats.title)
    sheet.write_string(1, 0, f"{plain(document.title)}　版次 {vintage}", formats.note)
    if document.is_synthetic:
        sheet.write_string(2, 0, f"{plain(document.banner)} / {plain(document.banner, 'en')}", formats.alarm)
        sheet.set_header("&C&K9C1C13合成数据 synthetic")
        sheet.set_tab_color("#9C1C13")
    return 4


def _write_cell(sheet: Any, row: int, column: int, parts: Inlines, formats: _Formats, is_text: bool) -> None:
    first, rest = (parts[0], parts[1:]) if parts else (None, ())
    if isinstance(first, FigureRun) and first.figure.has_value and plain(rest) in ("", BREAK_MARK):
        printed = first.text()
        decimals = len(printed.partition(".")[2])
        value = rounded(first.figure.scaled(first.unit), decimals)
        sheet.write_number(row, column, float(value), formats.number(decimals, plain(rest)))
    elif parts:
        sheet.write_string(row, column, plain(parts), formats.text if is_text else formats.mark)
    else:
        sheet.write_blank(row, column, None, formats.row)


def _table(book: Any, formats: _Formats, table: Table, document: Document, vintage: str, name: str) -> None:
    sheet = book.add_worksheet(name)
    top = _top(sheet, formats, caption(table), document, vintage)
    sheet.set_row(top, 34)
    for column, parts in enumerate((table.corner, *table.columns)):
        sheet.write_string(top, column, plain(parts), formats.head)
    for number, row in enumerate(table.rows, top + 1):
        sheet.write_string(number, 0, plain(row.header), formats.inner if row.indent else formats.row)
        for column, parts in enumerate(row.cells):
            _write_cell(sheet, number, column + 1, parts, formats, column in table.text_columns)
    for number, note in enumerate(table.notes, top + 1 + len(table.rows)):
        sheet.write_string(number, 0, plain(note), formats.note)
    sheet.freeze_panes(top + 1, 1)
    sheet.set_column(0, 0, 34 if len(table.columns) > 3 else 24)
    sheet.set_column(1, len(table.columns), 13)
    for column in table.text_columns:
        is_unit = plain(table.columns[column]) == "单位"
        sheet.set_column(column + 1, column + 1, 9 if is_unit else 18 if len(table.columns) > 4 else 60)
    sheet.repeat_rows(top)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _data(book: Any, formats: _Formats, document: Document, vintage: str) -> None:
    """Every printed figure, unrounded, with a name per headline figure: insured_total_2025 and so on."""
    sheet = book.add_worksheet(_DATA)
    top = _top(sheet, formats, "公报中印出的全部数字", document, vintage)
    for column, header in enumerate(COLUMNS):
        sheet.write_string(top, column, header, formats.head)
    named: set[str] = set()
    for number, row in enumerate(figure_rows(document), top + 1):
        for column, header in enumerate(COLUMNS):
            content = row[header]
            if header == "value" and content:
                sheet.write_number(number, column, float(content))
            elif isinstance(content, int):
                sheet.write_number(number, column, content)
            else:
                sheet.write_string(number, column, str(content))
        name = f"{row['indicator_id']}_{row['year']}"
        if row["place"] == "table:headline" and row["kind"] == "level" and row["value"] and name not in named:
            named.add(name)
            book.define_name(name, f"='{_DATA}'!${chr(65 + COLUMNS.index('value'))}${number + 1}")
    sheet.freeze_panes(top + 1, 3)
    sheet.set_column(0, len(COLUMNS) - 1, 18)
    sheet.autofilter(top, 0, top, len(COLUMNS) - 1)


def _about(book: Any, formats: _Formats, document: Document, vintage: str, notes: list[str]) -> None:
    sheet = book.add_worksheet(_ABOUT)
    top = _top(sheet, formats, _ABOUT, document, vintage)
    lines = [f"{label.text()}：{plain(parts)}" for label, parts in document.facts] + notes
    wrapped = book.add_format({"font_name": _FONT, "font_size": 10, "text_wrap": True, "valign": "top"})
    for number, line in enumerate(lines, top):
        sheet.write_string(number, 0, line, wrapped)
    sheet.set_column(0, 0, 110)


def render_workbook(document: Document, as_of: date, vintage: str, notes: list[str]) -> bytes:
    """The workbook; `notes` are the lines of the sheet 说明."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    moment = datetime(as_of.year, as_of.month, as_of.day)
    book.set_properties(
        {
            "title": plain(document.title),
            "subject": vintage,
            "author": "医疗保障统计仓库",
            "created": moment,
            "keywords": "合成数据 synthetic" if document.is_synthetic else "",
            "comments": plain(document.banner),
        }
    )
    formats = _Formats(book)
    _about(book, formats, document, vintage, notes)
    for table in document.tables():
        name = _DEFINITIONS if table.key == "definitions" else f"表{table.number} {plain(table.title)}"
        _table(book, formats, table, document, vintage, _sheet_name(name))
    _data(book, formats, document, vintage)
    book.close()
    return buffer.getvalue()


def _sheet_name(name: str) -> str:
    """A lawful sheet name: at most 31 characters, none of the forbidden ones."""
    return "".join("、" if character in "[]:*?/\\" else character for character in name)[:31]
