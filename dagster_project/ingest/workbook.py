"""Workbooks (.xlsx): the sheet whose first row is a header of the contract.

Belongs here: reading cells as text, dates of date cells in ISO form (S10). Does not belong here: typing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineWorkbook

from dagster_project.contracts import Contract
from dagster_project.ingest.damage import BROKEN, is_of_the_machine
from dagster_project.ingest.delimited import TextTable
from dagster_project.ingest.first_lines import MOST_TITLES
from dagster_project.ingest.header import match, not_a_header
from dagster_project.ingest.report import Refusal
from dagster_project.ingest.sheets import require_bounded
from dagster_project.ingest.values import without_noise
from dagster_project.language import Text

_BATCH = 20_000
_SHOWN = 6
_KEPT = 10**15  # Excel keeps fifteen digits of a number


def rewrite(path: Path, contract: Contract, target: Path) -> TextTable:
    """Read the sheet that fits the contract.

    Raises Refusal when none has its header in the first row, when several hold its rows, and for numbers in columns of text that
    Excel has cut.
    """
    if path.stat().st_size == 0:
        raise Refusal(Text("文件为空（0 字节）；请重新导出。", "The file is empty (0 bytes); export it again."))
    with _told_when_no_workbook():
        require_bounded(path)
        book = CalamineWorkbook.from_path(str(path))
        best: tuple[tuple[int, bool], str, Any] = ((0, False), "", None)
        filled: dict[str, int] = {}  # sheets with rows, and how many columns they know
        widest: list[str] = []
        for name in book.sheet_names:  # one sheet in memory at a time, beside the best one so far
            sheet = book.get_sheet_by_name(name)
            names, place = _header(sheet, contract)
            widest = max(widest, names, key=len)
            known = len(match(names, contract).columns)
            if known and any(any(_text(cell) for cell in row) for row in islice(_rows(sheet), place, None)):
                filled[name] = known
            if (known, name in filled) > best[0]:
                best = ((known, name in filled), name, sheet)
    if best[2] is None:
        where = Text(
            f"没有一张工作表的第 1 行是 {contract.name}（{contract.name_zh}）的表头，表头必须在第 1 行或标题行之下",
            f"No sheet has a header of {contract.name} in row 1, or below a title, where it must stand",
        )
        raise Refusal(not_a_header(widest, contract, where))
    # A sheet of notes may share a word with the header; one that knows half as much holds rows that nobody may lose.
    others = [name for name, known in filled.items() if name != best[1] and 2 * known >= best[0][0]]
    if others:
        raise _several([best[1], *others])
    header, place = _header(best[2], contract)
    rows = islice(_rows(best[2]), place, None)
    columns = match(header, contract).columns
    texts = {place: name for name, place in columns.items() if contract.column(name).type == "varchar"}
    scales = {
        place: contract.column(name).scale for name, place in columns.items() if contract.column(name).type == "decimal"
    }
    noisy: Counter[int] = Counter()
    count = _write(_plain(_uncut(rows, texts, place), scales, noisy), len(header), target, place)
    below = ", below a title" if place > 1 else ""
    return TextTable(target, header, count, f"sheet {best[1]}{below}", lines_of=_sheet_rows, noisy=dict(+noisy))


def _header(sheet: Any, contract: Contract) -> tuple[list[str], int]:
    """The names of a sheet and their row: the first one, or the first below a title that names all that the contract requires."""
    first: list[str] = []
    for place, row in enumerate(islice(_rows(sheet), MOST_TITLES + 1), 1):
        names = [_text(cell) for cell in row]
        if place == 1:
            first = names
            if match(names, contract).columns:
                break
        elif not match(names, contract).required_missing:
            return names, place
    return first, 1


def _several(sheets: list[str]) -> Refusal:
    shown = sheets[:_SHOWN]
    return Refusal(
        Text(
            f"多张工作表都有数据（{'、'.join(shown)}），未入库，以免漏行；请每张表各存为一个文件。",
            f"Several sheets hold rows ({', '.join(shown)}); nothing was taken, lest some be lost. Save each as a file of its own.",
        )
    )


def _uncut(rows: Iterable[list[Any]], texts: dict[int, str], header: int) -> Iterator[list[Any]]:
    """The rows behind that of the header, as long as no column of text holds a number of more digits than Excel keeps."""
    for number, row in enumerate(rows, header + 1):
        for place, name in texts.items():
            cell = row[place] if place < len(row) else None
            if isinstance(cell, (int, float)) and abs(cell) >= _KEPT:
                raise Refusal(
                    Text(
                        f"第 {number} 行 {name} 是数字格式，Excel 只保留 15 位，后面的已丢失，不同的人会变成一个；请把该列设为文本后重新导出。",
                        f"Row {number}, {name} is a number: Excel keeps 15 digits and has lost the others, so that different persons "
                        "become one. Export it again with that column as text.",
                    )
                )
        yield row


def _plain(rows: Iterable[list[Any]], scales: dict[int, int], noisy: Counter[int]) -> Iterator[list[Any]]:
    """The rows, amounts without the noise of binary fractions: a workbook keeps 300.3 as 300.29999999999995 where it was worked out.

    `noisy` counts the cells that were another value before, by their place.
    """
    for row in rows:
        for place, scale in scales.items():
            if place < len(row) and isinstance(row[place], float):
                amount = without_noise(row[place], scale)
                noisy[place] += amount != row[place]
                row[place] = amount
        yield row


@contextmanager
def _told_when_no_workbook() -> Iterator[None]:
    try:
        yield
    except Refusal:
        raise
    except BaseException as error:
        # The reader is compiled: what it did not foresee ends in a panic, which is no Exception.
        is_panic = type(error).__name__ == "PanicException"
        if not (is_panic or isinstance(error, (CalamineError, ValueError, *BROKEN))):
            raise
        if is_of_the_machine(error):
            raise
        raise Refusal(
            Text(
                "无法作为 xlsx 打开（已损坏、加密，或是旧版 xls、csv 改名而来）；请另存为 xlsx。",
                "It does not open as xlsx (damaged, encrypted, an old xls, or another form renamed); save it as xlsx.",
            )
        ) from error


def _rows(sheet: Any) -> Iterator[list[Any]]:
    """Rows of a sheet from its first one, cells from its first column, one row at a time."""
    left = [""] * (sheet.start[1] if sheet.start else 0)
    for row in sheet.iter_rows():
        yield left + row


def _sheet_rows(records: Sequence[int]) -> dict[int, int]:
    """The row of the sheet by record number, which is counted from its second row."""
    return {record: record + 1 for record in records}


def _write(rows: Iterable[list[Any]], width: int, target: Path, header: int) -> int:
    schema = pa.schema([(f"c{place}", pa.string()) for place in range(width)] + [("row.number", pa.int64())])
    total = 0
    with pq.ParquetWriter(target, schema, compression="lz4") as writer:
        batch: list[list[str]] = []
        numbers: list[int] = []
        for number, row in enumerate(rows, header):
            cells = [_text(cell) for cell in row]
            if any(
                cells
            ):  # rows that were cleared are not records, yet keep their place: number + 1 is the sheet's row
                batch.append(cells)
                numbers.append(number)
            if len(batch) == _BATCH:
                total += _flush(writer, schema, batch, numbers)
        total += _flush(writer, schema, batch, numbers)
    return total


def _flush(writer: pq.ParquetWriter, schema: pa.Schema, batch: list[list[str]], numbers: list[int]) -> int:
    count = len(batch)
    if count:
        columns = [pa.array(column, pa.string()) for column in zip(*batch, strict=True)]
        writer.write_batch(pa.RecordBatch.from_arrays([*columns, pa.array(numbers, pa.int64())], schema=schema))
        batch.clear()
        numbers.clear()
    return count


def _text(cell: Any) -> str:
    """A cell as text: numbers without a trailing .0, dates in ISO form."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return "" if cell is None else str(cell)
