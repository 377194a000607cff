"""Delimited text: separator by the header (S13), cells, record numbers.

Belongs here: reading a UTF-8 file into Parquet of text columns. Does not belong here: encodings, contracts beyond the
question how many names of the header a separator explains.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from dagster_project.contracts import Contract
from dagster_project.ingest.header import match, not_a_header
from dagster_project.ingest.report import Refusal
from dagster_project.language import Text

SEPARATORS = {",": "comma", "\t": "tab", "|": "pipe", ";": "semicolon"}
# From record numbers to the lines of the file that a person would look at.
LinesOf = Callable[[Sequence[int]], dict[int, int]]
_BLOCK = 1 << 23
_RARE = 8  # rows a value from which on a dictionary pays
_HEADER_LIMIT = 1 << 20


@dataclass(frozen=True)
class TextTable:
    """A table of text cells rewritten as Parquet: columns c0, c1 …, and the record number."""

    path: Path
    header: list[str]
    rows: int
    dialect: str
    misshapen: list[int] = field(default_factory=list)
    lines_of: LinesOf | None = None


def rewrite(path: Path, contract: Contract, target: Path) -> TextTable:
    """Read a UTF-8 file; raises Refusal when its header fits no separator."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        lines = [stream.readline(_HEADER_LIMIT)]
        while lines[-1] and not lines[-1].strip():
            lines.append(stream.readline(_HEADER_LIMIT))
        head, first = lines[-1], stream.readline(_HEADER_LIMIT)
    if not head.strip("\ufeff\x00 \t\r\n"):
        raise Refusal(Text("文件为空（没有表头）；请重新导出。", "The file is empty (no header); export it again."))
    separator, header = _separator(head, contract)
    quoted = separator in ",;" or _has_quotes(head, separator) or _has_quotes(first, separator)
    width = len(_cells(first, separator, quoted)) if first.strip() else len(header)
    if width == len(header) + 1 and first.rstrip("\r\n").endswith(separator):
        header = [*header, ""]
    elif width == len(header) - 1 and not header[-1].strip():
        header = header[:-1]
    misshapen: list[int] = []
    skipped = len(lines)
    rows = _stream(path, target, header, separator, quoted, skipped, misshapen)
    lines_of = partial(_lines, path, separator, quoted, skipped)
    return TextTable(target, header, rows, SEPARATORS[separator], misshapen, lines_of)


def _lines(path: Path, separator: str, quoted: bool, skipped: int, records: Sequence[int]) -> dict[int, int]:
    """The line on which some records begin; blank lines and line breaks inside quotes are counted as an editor does.

    Reads the file again as far as the last of the records; an unreadable one ends the search.
    """
    found: dict[int, int] = {}
    wanted, last = set(records), max(records, default=0)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for _ in range(skipped):
            stream.readline()
        reader = csv.reader(stream, delimiter=separator, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
        number, before = 0, 0
        with suppress(csv.Error):
            for cells in reader:
                number += bool(cells)  # a blank line is no record
                if cells and number in wanted:
                    found[number] = skipped + before + 1
                before = reader.line_num
                if number >= last:
                    break
    return found


def _cells(line: str, separator: str, quoted: bool = True) -> list[str]:
    if not quoted:
        return line.rstrip("\r\n").split(separator)
    return next(csv.reader([line.rstrip("\r\n")], delimiter=separator), [])


def _has_quotes(line: str, separator: str) -> bool:
    """Whether cells of a line are quoted. Interface files separate by TAB and know no quoting: there a lone quote in a
    name must not swallow the lines that follow."""
    cells = line.lstrip("\ufeff").rstrip("\r\n").split(separator)
    return any(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in cells)


def _separator(head: str, contract: Contract) -> tuple[str, list[str]]:
    best, found, cells = "", 0, [""]
    widest: list[str] = []
    for separator in SEPARATORS:
        names = _cells(head, separator)
        widest = max(widest, names, key=len)
        known = len(match(names, contract).columns)
        if known > found:
            best, found, cells = separator, known, names
    if not best:
        where = Text(
            f"首行不是 {contract.name}（{contract.name_zh}）的表头，按逗号、制表符、竖线、分号都找不到契约中的列（S13）",
            f"The first line is not a header of {contract.name}, no separator (comma, TAB, pipe, semicolon) yields a column "
            "of the contract (S13)",
        )
        raise Refusal(not_a_header(widest, contract, where))
    return best, cells


def _stream(
    path: Path, target: Path, header: list[str], separator: str, quoted: bool, skipped: int, misshapen: list[int]
) -> int:
    names = [f"c{place}" for place in range(len(header))]

    def keep_number(row: pa_csv.InvalidRow) -> str:
        misshapen.append(int(row.number) - 1)  # the reader counts the header as record 1
        return "skip"

    schema = pa.schema([(name, pa.string()) for name in names] + [("row.number", pa.int64())])
    following = 1

    def numbered(batch: pa.RecordBatch) -> pa.RecordBatch:
        nonlocal following
        numbers = _numbers(following, batch.num_rows, misshapen)
        following = int(numbers[-1]) + 1
        return pa.RecordBatch.from_arrays([*batch.columns, pa.array(numbers, pa.int64())], schema=schema)

    try:
        reader = pa_csv.open_csv(
            path,
            read_options=pa_csv.ReadOptions(
                column_names=names, skip_rows=skipped, use_threads=False, block_size=_BLOCK
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=separator,
                quote_char='"' if quoted else False,
                newlines_in_values=quoted,
                invalid_row_handler=keep_number,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types={name: pa.string() for name in names}, strings_can_be_null=False
            ),
        )
        return _write(map(numbered, (batch for batch in reader if batch.num_rows)), schema, target)
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):  # a header and nothing else
            return _write(iter(()), schema, target)
        raise _unreadable() from error


def _write(batches: Iterator[pa.RecordBatch], schema: pa.Schema, target: Path) -> int:
    """Write batches as Parquet, one while the next is read; the number of rows."""
    first = next(batches, None)
    # Columns with few values get a dictionary: what is asked of a code later is then asked once a code, not once a row. For the
    # others making one is most of the cost of writing; so are statistics, which nobody asks.
    coded = [name for name in schema.names if first is not None and len(first[name].unique()) * _RARE < first.num_rows]
    total = 0
    with (
        pq.ParquetWriter(target, schema, compression="lz4", use_dictionary=coded, write_statistics=False) as writer,
        ThreadPoolExecutor(1) as pool,
    ):
        waiting: Future[None] | None = None
        for batch in chain([first] if first else [], batches):
            if waiting is not None:
                waiting.result()
            waiting = pool.submit(writer.write_batch, batch)
            total += batch.num_rows
        if waiting is not None:
            waiting.result()
    return total


def _unreadable() -> Refusal:
    return Refusal(
        Text(
            "文本无法按行列读取（引号不成对，或一行过长）；请重新导出。",
            "The text cannot be read as rows and cells (unpaired quotes, or an endless line); export it again.",
        )
    )


def _numbers(start: int, count: int, skipped: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Record numbers of the next `count` good records, leaving out the misshapen ones."""
    gone = np.array([number for number in skipped[-(count + len(skipped)) :] if number >= start], dtype=np.int64)
    numbers = np.arange(start, start + count + len(gone), dtype=np.int64)
    return numbers[~np.isin(numbers, gone)][:count]
