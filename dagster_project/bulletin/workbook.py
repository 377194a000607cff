"""The bulletin as a workbook: a sheet a table, all values in long form, explanations and definitions.

Belongs here: sheets, number formats, names of cells. Does not belong here: which tables there are. Cells hold the rounded
number that the bulletin prints; the sheet 数据 holds the unrounded ones. The bytes depend on the document alone.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from dagster_project.bulletin.annex import Sheet
from dagster_project.bulletin.document import Document, FigureRun, Inlines, Table, plain
from dagster_project.bulletin.figures import BREAK_MARK, SUPPRESSED_MARK
from dagster_project.bulletin.layout import is_short, length, lines, parted
from dagster_project.bulletin.numbers import rounded
from dagster_project.bulletin.register import HEADERS, caption, figure_rows
from dagster_project.language import Text

_FONT = "宋体"
_DATA, _ABOUT, _DEFINITIONS = "数据", "说明", "口径"
_LINE = 13.5  # points that one line of text takes
_HEADER = 22.0  # digits of a header that stands on one line
_PORTRAIT = 95.0  # digits that fit the width of a page


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
        self.row = book.add_format({**base, "text_wrap": True, "bottom": 4, "bottom_color": "#C8CCD2"})
        self.inner = book.add_format({**base, "text_wrap": True, "bottom": 4, "bottom_color": "#C8CCD2", "indent": 1})
        self.group = book.add_format({**base, "bold": True, "bottom": 4, "bottom_color": "#C8CCD2"})
        self.machine = book.add_format({**base, "font_size": 8, "font_color": "#7F7F7F", "bottom": 1})
        self.text = book.add_format({**base, "text_wrap": True, "indent": 1, "bottom": 4, "bottom_color": "#C8CCD2"})
        self.figure = book.add_format({**base, "align": "right", "bottom": 4, "bottom_color": "#C8CCD2"})
        self.mark = book.add_format(
            {**base, "align": "right", "bottom": 4, "bottom_color": "#C8CCD2", "font_color": "#595959"}
        )
        self.note = book.add_format({**base, "font_color": "#595959"})
        self._base = base
        self._numbers: dict[tuple[int, str], Any] = {}

    def of_row(self, is_group: bool, indent: int) -> Any:
        """The format of a row's header."""
        return self.group if is_group else self.inner if indent else self.row

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
    sheet.write_string(1, 0, f"{plain(document.title)}　版次 {vintage}　{plain(document.state)}".rstrip(), formats.note)
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
        is_mark = isinstance(first, FigureRun) and not first.figure.has_value
        form = formats.text if is_text else formats.mark if is_mark else formats.figure
        sheet.write_string(row, column, plain(parts), form)
    else:
        sheet.write_blank(row, column, None, formats.row)


def _table(book: Any, formats: _Formats, table: Table, document: Document, vintage: str, name: str) -> None:
    sheet = book.add_worksheet(name)
    top = _top(sheet, formats, caption(table), document, vintage)
    widths = _widths(table)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    headers = [plain(parts) for parts in (table.corner, *table.columns)]
    sheet.set_row(top, _LINE * max(lines(text, width - 1) for text, width in zip(headers, widths, strict=True)) + 6)
    for column, text in enumerate(headers):
        sheet.write_string(top, column, text, formats.head)
    for number, row in enumerate(table.rows, top + 1):
        # Only texts are broken over lines: numbers and their headers have the width they need.
        broken = {0: row.header} | {index + 1: row.cells[index] for index in table.text_columns}
        tallest = max(lines(plain(parts), widths[column] - 1) for column, parts in broken.items())
        sheet.set_row(number, _LINE * (1 if row.is_group else tallest) + 3)
        sheet.write_string(number, 0, plain(row.header), formats.of_row(row.is_group, row.indent))
        for column, parts in enumerate(row.cells):
            _write_cell(sheet, number, column + 1, parts, formats, column in table.text_columns)
    for number, note in enumerate(table.notes, top + 1 + len(table.rows)):
        sheet.write_string(number, 0, plain(note), formats.note)
    sheet.freeze_panes(top + 1, 1)
    _set_page(sheet, top, is_wide=sum(widths) > _PORTRAIT)


def _widths(table: Table) -> list[float]:
    """Column widths in digits: numbers, short texts and the words of headers on one line, long texts broken."""
    rows = [row for row in table.rows if not row.is_group]
    widths = [min(max((length(plain(row.header)) + 2 * row.indent for row in rows), default=0.0), 40.0) + 2]
    for index, parts in enumerate(table.columns):
        words, unit = parted(parts)
        longest = max((length(plain(row.cells[index])) for row in rows), default=0.0)
        if index in table.text_columns and not is_short(table, index):
            widths.append(min(longest, 60.0) + 2)
        else:
            header = length(plain(parts))
            header = header if header <= _HEADER else max(length(plain(words)), length(plain(unit)))
            widths.append(max(longest, header, 7.0) + 2.5)
    return widths


def _set_page(sheet: Any, header: int, is_wide: bool, headers: int = 1) -> None:
    """A4, all columns on one page, the header repeated, page numbers."""
    sheet.repeat_rows(header, header + headers - 1)
    if is_wide:
        sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.5, right=0.5, top=0.8, bottom=0.7)
    sheet.set_footer("&C&P / &N")


# The sheet of all figures: columns for people first, then those for machines; headers in both languages, names below.
_FOR_PEOPLE = {
    "place_zh": Text("位置", "Where"), "name_zh": HEADERS["name_zh"], "year": HEADERS["year"],
    "region_zh": Text("地区", "Region"), "kind_zh": Text("类别", "What"), "printed": HEADERS["printed"],
    "unit": HEADERS["unit"], "value": HEADERS["value"], "declared_unit": HEADERS["declared_unit"],
    "numerator": HEADERS["numerator"], "denominator": HEADERS["denominator"],
}  # fmt: skip
_DATA_COLUMNS = _FOR_PEOPLE | {name: text for name, text in HEADERS.items() if name not in _FOR_PEOPLE}
_KINDS = {"level": "数值", "previous": "上年数", "change": "增减", "growth": "增速", "reference": "已公布数"}
_DATA_WIDTHS = {"place_zh": 30, "name_zh": 34, "year": 7, "region_zh": 20, "printed": 12, "unit": 10, "value": 18}
_NUMERIC = ("value", "numerator", "denominator")


def _data(book: Any, formats: _Formats, document: Document, vintage: str) -> None:
    """Every printed figure, unrounded, with a name per headline figure: insured_total_2025 and so on."""
    sheet = book.add_worksheet(_DATA)
    top = _top(sheet, formats, "公报中印出的全部数字", document, vintage)
    sheet.set_row(top, 2 * _LINE + 6)
    for column, (name, header) in enumerate(_DATA_COLUMNS.items()):
        sheet.write_string(top, column, f"{header.zh}\n{header.en}", formats.head)
        sheet.write_string(top + 1, column, name, formats.machine)
        sheet.set_column(column, column, _DATA_WIDTHS.get(name, 14))
    places = {f"table:{table.key}": caption(table) for table in document.tables()}
    places |= {f"chart:{chart.key}": caption(chart) for chart in document.charts()} | {"text": "正文"}
    value_column = xl_col_to_name(list(_DATA_COLUMNS).index("value"))
    named: set[str] = set()
    rows = figure_rows(document)
    for number, row in enumerate(rows, top + 2):
        row |= {
            "place_zh": places.get(row["place"], row["place"]),
            "region_zh": document.regions.get(row["region_code"], row["region_code"]),
            "kind_zh": _KINDS[row["kind"]],
        }
        for column, name in enumerate(_DATA_COLUMNS):
            content = row[name]
            if name in _NUMERIC and content:
                sheet.write_number(number, column, float(content))
            elif isinstance(content, int):
                sheet.write_number(number, column, content)
            else:
                sheet.write_string(number, column, str(content))
        name = f"{row['indicator_id']}_{row['year']}"
        if row["place"] == "table:headline" and row["kind"] == "level" and row["value"] and name not in named:
            named.add(name)
            book.define_name(name, f"='{_DATA}'!${value_column}${number + 1}")
    sheet.freeze_panes(top + 2, 3)
    sheet.autofilter(top + 1, 0, top + 1 + len(rows), len(_DATA_COLUMNS) - 1)
    _set_page(sheet, top, is_wide=True, headers=2)


def _about(book: Any, formats: _Formats, document: Document, vintage: str, notes: list[str]) -> None:
    sheet = book.add_worksheet(_ABOUT)
    top = _top(sheet, formats, _ABOUT, document, vintage)
    told = [f"{label.text()}：{plain(parts)}" for label, parts in document.facts] + notes
    wrapped = book.add_format({"font_name": _FONT, "font_size": 10, "text_wrap": True, "valign": "top"})
    for number, line in enumerate(told, top):
        sheet.write_string(number, 0, line, wrapped)
    sheet.set_column(0, 0, 110)
    for number, line in enumerate(told, top):
        sheet.set_row(number, _LINE * lines(line, 108) + 3)
    _set_page(sheet, 0, is_wide=True)


def _list(book: Any, formats: _Formats, one: Sheet, document: Document, vintage: str) -> None:
    """A sheet of texts and numbers with one header, filtered and frozen."""
    sheet = book.add_worksheet(one.name)
    top = _top(sheet, formats, one.name, document, vintage)
    sheet.write_string(top, 0, one.lead, formats.note)
    top += 1
    sheet.set_row(top, 2 * _LINE + 6)
    for column, (header, width) in enumerate(zip(one.headers, one.widths, strict=True)):
        sheet.write_string(top, column, f"{header.zh}\n{header.en}", formats.head)
        sheet.set_column(column, column, width)
    for number, row in enumerate(one.rows, top + 1):
        for column, cell in enumerate(row):
            if isinstance(cell, Decimal):
                decimals = len(f"{cell:f}".partition(".")[2])
                sheet.write_number(number, column, float(cell), formats.number(decimals))
            else:
                sheet.write_string(number, column, cell, formats.mark if cell == SUPPRESSED_MARK else formats.row)
    sheet.freeze_panes(top + 1, 2)
    sheet.autofilter(top, 0, top + len(one.rows), len(one.headers) - 1)
    _set_page(sheet, top, is_wide=True)


def render_workbook(
    document: Document, as_of: date, vintage: str, notes: list[str], lists: Sequence[Sheet] = ()
) -> bytes:
    """The workbook; `notes` are the lines of the sheet 说明, `lists` further sheets behind the tables."""
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
    for one in lists:
        _list(book, formats, one, document, vintage)
    book.close()
    return buffer.getvalue()


def _sheet_name(name: str) -> str:
    """A lawful sheet name: at most 31 characters, none of the forbidden ones."""
    return "".join("、" if character in "[]:*?/\\" else character for character in name)[:31]
