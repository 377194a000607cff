"""Quotes in delimited text: whether cells are quoted, and quotes that were never closed.

Belongs here: what the quotes of the whole file say. Does not belong here: reading cells (`delimited.py`).

A quote that is not closed makes one cell of all lines that follow, up to the next quote: rows would be gone without a trace.
So the lines of the file are compared with the records read, and where there are more lines, cells are looked into.
"""

from __future__ import annotations

import duckdb

from dagster_project.ingest.delimited import TextTable
from dagster_project.ingest.doubts import Doubt
from dagster_project.ingest.report import Refusal
from dagster_project.ingest.store import literal
from dagster_project.language import Text

_UNQUOTED = (b"\t", b"|")  # separators of interface files, which mostly know no quoting


class Tally:
    """Lines, and quotes at the edges of cells, counted over the bytes of a text in UTF-8."""

    def __init__(self) -> None:
        self.lines = 0
        self.opened = dict.fromkeys(_UNQUOTED, 0)
        self.closed = dict.fromkeys(_UNQUOTED, 0)
        self._last = b"\n"
        self._ended = False

    def add(self, chunk: bytes) -> None:
        """Count a piece; raises Refusal for a NUL byte, which no text holds."""
        found = chunk.find(b"\0")
        if found >= 0:
            raise Refusal(_holds_nul(self.lines + chunk.count(b"\n", 0, found) + 1))
        # Old Macintosh files end their lines with CR alone.
        self.lines += chunk.count(b"\n") or chunk.count(b"\r")
        if b'"' in chunk:
            piece = self._last + chunk
            for separator in _UNQUOTED:
                if separator in chunk:
                    self.opened[separator] += piece.count(separator + b'"') + piece.count(b'\n"')
                    self.closed[separator] += sum(piece.count(b'"' + end) for end in (separator, b"\n", b"\r"))
        self._last = chunk[-1:] or self._last

    def end(self) -> None:
        """The text is over: its last line may lack an end."""
        self.lines += self._last not in (b"\n", b"\r")
        if self._last == b'"':
            self.closed = {separator: count + 1 for separator, count in self.closed.items()}

    def quoted(self, separator: str) -> bool | None:
        """Whether cells are quoted; None where as many quotes open cells as close them does not hold."""
        opened, closed = (found.get(separator.encode(), 0) for found in (self.opened, self.closed))
        if not opened or not closed:
            return False
        return True if opened == closed else None


def doubtful_quotes() -> Doubt:
    """Some cells look quoted, others begin or end with a quote of their own."""
    return Doubt(
        "dialect",
        Text(
            "引号不成对：有的单元格像是加了引号，有的只有一边；按不加引号读取，引号留在值里，请核对",
            "quotes do not pair: some cells look quoted, others have one at one end only; read as unquoted, the quotes stay in "
            "the values; have a look",
        ),
    )


def require_closed(connection: duckdb.DuckDBPyConnection, table: TextTable, lines: int) -> None:
    """Raise Refusal when a quoted cell has swallowed whole lines; `lines` are those of the file."""
    if table.swallowing is not None:
        raise Refusal(_swallowed(table, table.swallowing))
    width = len(table.header)
    if not table.quoted or width < 2 or lines - table.skipped <= table.rows + len(table.misshapen):
        return
    # A cell that swallows whole records holds all the separators of each of them, and their line ends.
    tests = []
    for place in range(width):
        separators = f"length(c{place}) - length(replace(c{place}, {literal(table.separator)}, ''))"
        ends = " or ".join(f"contains(c{place}, chr({code}))" for code in (10, 13))
        tests.append(f"(({ends}) and {separators} > 0 and ({separators}) % {width - 1} = 0)")
    row = connection.execute(
        f'select min("row.number") from read_parquet({literal(table.path)}) where {" or ".join(tests)}'
    ).fetchone()
    if row is not None and row[0] is not None:
        raise Refusal(_swallowed(table, int(row[0])))


def _swallowed(table: TextTable, record: int) -> Text:
    line = (table.lines_of([record]) if table.lines_of else {}).get(record)
    where = Text(f"文件第 {line} 行", f"line {line}") if line else Text(f"数据第 {record} 行", f"record {record}")
    return Text(
        f"{where.zh}有一个没有配对的引号，后面的整行被并进了一个单元格；请让源系统把值里的引号写成两个，或去掉后重新导出。",
        f"A quote on {where.en} is not closed, so that whole lines after it became part of one cell; have quotes inside values "
        "doubled or left out, and export again.",
    )


def _holds_nul(line: int) -> Text:
    return Text(
        f"第 {line} 行含有空字节（NUL）：多为拷贝中断，或是没有 BOM 的 UTF-16（S12）；请重新拷贝，或另存为 UTF-8。",
        f"Line {line} holds NUL bytes: copying was cut short, as a rule, or it is UTF-16 without a BOM (S12); copy it again, or "
        "save it as UTF-8.",
    )
