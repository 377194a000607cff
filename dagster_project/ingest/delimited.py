"""Delimited text: cells, record numbers.

Belongs here: reading a UTF-8 file into Parquet of text columns. Does not belong here: encodings, finding its header
(`first_lines.py`).
"""

from __future__ import annotations

import csv
from bisect import bisect_left
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
from dagster_project.ingest.first_lines import HEADER_LIMIT, SEPARATORS, cells_of, first_lines, has_quotes, separator_of
from dagster_project.ingest.report import Refusal
from dagster_project.language import Text

# From record numbers to the lines of the file that a person would look at.
LinesOf = Callable[[Sequence[int]], dict[int, int]]
_BLOCK = 1 << 23
_RARE = 8  # rows a value from which on a dictionary pays
# Python's own limit on a cell is a sixteenth of that, and ends in an error of its own.
csv.field_size_limit(16 * HEADER_LIMIT)
# Above so many rows of another width no file is within its threshold (S2): it is not read to its end.
_MOST_MISSHAPEN = 3_000_000


@dataclass(frozen=True)
class TextTable:
    """A table of text cells rewritten as Parquet: columns c0, c1 …, and the record number."""

    path: Path
    header: list[str]
    rows: int
    dialect: str
    misshapen: list[int] = field(default_factory=list)
    lines_of: LinesOf | None = None
    separator: str = ""
    quoted: bool = False
    skipped: int = 0  # lines up to the end of the header
    swallowing: int | None = None  # record of another width that holds whole lines
    coded: tuple[int, ...] = ()  # places of the columns of few values, which are kept as dictionaries
    noisy: dict[int, int] = field(default_factory=dict)  # amounts of a workbook freed of noise, by place (L81)


def rewrite(path: Path, contract: Contract, target: Path, is_quoted: bool | None = None) -> TextTable:
    """Read a UTF-8 file; raises Refusal when its header fits no separator.

    Whether cells are quoted is read off the first lines, where the whole file has not told (`is_quoted`).
    """
    head, first, skipped, above = first_lines(path, contract)
    separator, header = separator_of(head, contract)
    quoted = separator in ",;" or has_quotes(head, separator)
    quoted = quoted or (has_quotes(first, separator) if is_quoted is None else is_quoted)
    width = len(cells_of(first, separator, quoted)) if first.strip() else len(header)
    if width == len(header) + 1 and first.rstrip("\r\n").endswith(separator):
        header = [*header, ""]
    elif width == len(header) - 1 and not header[-1].strip():
        header = header[:-1]
    misshapen: list[int] = []
    swallowing: list[int] = []
    rows, coded = _stream(path, target, header, separator, quoted, skipped, misshapen, swallowing)
    lines_of = partial(_lines, path, separator, quoted, skipped)
    return TextTable(
        target, header, rows, SEPARATORS[separator] + above, misshapen, lines_of, separator, quoted, skipped,
        swallowing[0] if swallowing else None, coded,
    )  # fmt: skip


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


def _stream(
    path: Path,
    target: Path,
    header: list[str],
    separator: str,
    quoted: bool,
    skipped: int,
    misshapen: list[int],
    swallowing: list[int],
) -> tuple[int, tuple[int, ...]]:
    names = [f"c{place}" for place in range(len(header))]

    def keep_number(row: pa_csv.InvalidRow) -> str:
        misshapen.append(int(row.number) - 1)  # the reader counts the header as record 1
        has_lines = quoted and not swallowing and ("\n" in row.text or "\r" in row.text)
        if has_lines and row.text.count(separator) >= 2 * (len(header) - 1) > 0:
            swallowing.append(misshapen[-1])
        return "error" if len(misshapen) > _MOST_MISSHAPEN else "skip"

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
        raise _unreadable(len(misshapen) > _MOST_MISSHAPEN) from error


def _write(batches: Iterator[pa.RecordBatch], schema: pa.Schema, target: Path) -> tuple[int, tuple[int, ...]]:
    """Write batches as Parquet, one while the next is read; the number of rows, and the places of columns with dictionaries."""
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
    return total, tuple(schema.get_field_index(name) for name in coded)


def _unreadable(is_misshapen: bool) -> Refusal:
    if is_misshapen:
        return Refusal(
            Text(
                f"列数与表头不一致的行超过 {_MOST_MISSHAPEN:,} 行，不再往下读，整份未入库（S2）；请重新导出。",
                f"More than {_MOST_MISSHAPEN:,} rows have more or fewer cells than the header; the file was not read to its end "
                "and nothing was loaded (S2); export it again.",
            )
        )
    return Refusal(
        Text(
            "文本无法按行列读取（引号不成对，或一行过长）；请重新导出。",
            "The text cannot be read as rows and cells (unpaired quotes, or an endless line); export it again.",
        )
    )


def _numbers(start: int, count: int, skipped: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Record numbers of the next `count` good records, leaving out the misshapen ones."""
    gone = np.array(skipped[bisect_left(skipped, start) :], dtype=np.int64)
    numbers = np.arange(start, start + count + len(gone), dtype=np.int64)
    return numbers[~np.isin(numbers, gone)][:count]
