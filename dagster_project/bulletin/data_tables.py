"""The tables and the register of figures as clean data: one header, one kind of value a column, every flag in a column.

Belongs here: what `tables/*.csv` hold. Does not belong here: what is printed (`tables`, `references`), the form for people
(the workbook). Numbers are the printed ones without mark or unit; the unrounded ones stand in the register.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence

from dagster_project.bulletin.document import Document, FigureRun, Inlines, NumberRun, Row, Table, plain
from dagster_project.bulletin.register import COLUMNS, HEADERS, figure_rows, marks_break
from dagster_project.inert import inert

UNIT, FLAG = "_单位", "_标记"
# Said on every row: a file that is cut or joined goes on saying it. (header of the tables, header of the register)
_NATURE, _STATE = ("数据性质", "data_nature"), ("数据时点", "data_state")
_INVENTED, _PUBLISHED = "合成数据 / synthetic", "已公布数 / published"
_MIXED = "合成数据，已公布数除外 / synthetic, published figures excepted"
_KEYS = ("indicator_id", "region_code")
Column = tuple[str, list[str]]


def table_data(document: Document, table: Table) -> list[list[str]]:
    """Header and rows of a table.

    A row header; codes of the indicator or region that a row tells of; the columns as printed; behind a published figure,
    which keeps its publisher's unit, that unit; then a column of flags for each column of figures, and the state of the data.
    Flags: suppressed, not_computable, break (not comparable with the year before), over and about (a published bound). A cell
    with neither number nor flag is one that the table does not have.
    """
    rows = [row for row in table.rows if not row.is_group]
    columns, flags = [*_row_headers(table, rows), *_keys(rows)], []
    for index, header in enumerate(_headers(table)):
        cells = [row.cells[index] for row in rows]
        if not any(_figure(cell) for cell in cells):
            columns.append((header, [plain(cell) for cell in cells]))
            continue
        columns.append((header, [_number(cell) for cell in cells]))
        if table.is_reference:
            columns.append((header + UNIT, [_unit(cell) for cell in cells]))
        flags.append((header + FLAG, [_flag(cell) for cell in cells]))
    natures = [_MIXED if table.is_reference else _INVENTED] * len(rows)
    return _lines([*columns, *flags, *_notices(document, natures, 0)])


def register_data(document: Document) -> list[list[str]]:
    """Header and rows of the register of printed figures; `printed` is empty where a marker is printed, see `status`."""
    rows = [row if row["value"] else {**row, "printed": ""} for row in figure_rows(document)]
    columns = [(name, [str(row[name]) for row in rows]) for name in COLUMNS]
    natures = [_PUBLISHED if row["kind"] == "reference" else _INVENTED for row in rows]
    return _lines([*columns, *_notices(document, natures, 1)])


def csv_text(rows: list[list[str]]) -> str:
    """CSV text with a byte order mark, so that a spreadsheet program reads the Chinese right."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([inert(cell) for cell in row] for row in rows)
    return "\ufeff" + buffer.getvalue()


def _lines(columns: Sequence[Column]) -> list[list[str]]:
    return [[name for name, _ in columns], *map(list, zip(*(values for _, values in columns), strict=True))]


def _notices(document: Document, natures: list[str], language: int) -> Iterator[Column]:
    """What must be said of every row, invented data and a past state, where there is something to say."""
    if document.is_synthetic:
        yield _NATURE[language], natures
    if document.state:
        yield _STATE[language], [f"{plain(document.state)} / {plain(document.state, 'en')}"] * len(natures)


def _row_headers(table: Table, rows: Sequence[Row]) -> Iterator[Column]:
    """The headers of the rows; a number in front of each is a column of its own."""
    name = plain(table.corner)
    if not all(row.header and isinstance(row.header[0], NumberRun) for row in rows):
        yield name, [plain(row.header) for row in rows]
        return
    yield "序号", [plain(row.header[:1]) for row in rows]
    yield name, [plain(row.header[2:]) for row in rows]


def _keys(rows: Sequence[Row]) -> Iterator[Column]:
    """The codes that tell the rows apart: each row is of one indicator, or one region."""
    for name in _KEYS:
        found = [{getattr(one.figure, name) for cell in row.cells if (one := _figure(cell))} for row in rows]
        if all(len(codes) == 1 for codes in found) and len(set.union(*found)) > 1:
            yield HEADERS[name].zh, [code for codes in found for code in codes]


def _headers(table: Table) -> list[str]:
    """Column headers, each once: a repeated one (growth) is told by the column that it follows."""
    printed = [plain(column) for column in table.columns]
    often = Counter(printed)
    headers: list[str] = []
    leading = ""
    for header in printed:
        leading = header if often[header] == 1 else leading
        headers.append(header if often[header] == 1 else f"{leading}_{header}")
    return headers


def _figure(cell: Inlines) -> FigureRun | None:
    return next((part for part in cell if isinstance(part, FigureRun)), None)


def _number(cell: Inlines) -> str:
    run = _figure(cell)
    return run.text() if run and run.figure.has_value else ""


def _unit(cell: Inlines) -> str:
    run = _figure(cell)
    return (run.unit or run.figure.shown_unit()).text if run and run.figure.has_value else ""


def _flag(cell: Inlines) -> str:
    run = _figure(cell)
    if run is None:
        return ""
    if marks_break(cell):
        return "break"
    if run.figure.has_value:
        return run.figure.qualifier
    return "suppressed" if run.figure.status == "suppressed" else "not_computable"
