"""How large a workbook's sheets are, read off the archive before anything builds them in memory.

Belongs here: the bounds of a workbook. Does not belong here: its cells (`workbook.py`).

The reader of workbooks keeps a sheet in memory as a full rectangle: two cells, the first and the last that Excel knows, would
take hundreds of gigabytes. So the places that cells name are looked at first, which costs a tenth of reading them.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from dagster_project.ingest.archives import allowance
from dagster_project.ingest.report import Refusal
from dagster_project.language import Text

# Memory of a workbook, estimated: a place of the rectangle, a cell that is there, a letter of the texts.
_PLACE, _CELL, _MOST = 32, 72, 1_400_000_000
_CHUNK = 1 << 20
_MOST_COLUMNS = 1 << 14
# A place as every program writes it, then as it may be written: the first pair looks for plain letters and is fast.
_PATTERNS = tuple(
    (re.compile(prefix + rb"([A-Za-z]{1,7})[0-9]"), re.compile(prefix + rb"[A-Za-z]{0,7}([0-9]{1,12})"))
    for prefix in (rb' r="', rb"""\sr\s*=\s*["']""")
)
_BEGINS = re.compile(rb"<(?:\w{1,20}:)?c[\s/>]")


def require_bounded(path: Path) -> None:
    """Raise Refusal for a workbook that would not fit into memory, whatever its size on disk."""
    with zipfile.ZipFile(path) as archive:
        parts = [part for part in archive.infolist() if not part.is_dir()]
        written = sum(part.file_size for part in parts)
        if written > allowance(path.stat().st_size):
            raise Refusal(_too_large(0, 0))
        for part in parts:
            if part.filename.startswith("xl/media/"):
                continue
            rows, columns, cells = _extent(archive, part)
            # Texts stand in a part of their own or in the sheet: either way they are no longer than all that is written.
            if rows * columns * _PLACE + cells * _CELL + min(written, part.file_size) > _MOST:
                raise Refusal(_too_large(rows, columns))


def _extent(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> tuple[int, int, int]:
    """The last row and column that the cells of a part name, and how many cells there are."""
    rows, cells, named = 0, 0, 0
    columns: set[bytes] = set()
    for chunk in _chunks(archive, part):
        if not (begun := chunk.count(b"<c ") or len(_BEGINS.findall(chunk))):
            continue
        column, row = _PATTERNS[0]
        letters = column.findall(chunk)
        if len(letters) < begun:
            column, row = _PATTERNS[1]
            letters = column.findall(chunk)
        columns.update(letters)
        rows = max(rows, max(map(int, set(row.findall(chunk))), default=0))
        cells, named = cells + begun, named + len(letters)
    if named < cells:  # cells without a place stand one after the other
        return max(rows, cells), max(_number(columns), min(cells, _MOST_COLUMNS)), cells
    return rows, _number(columns), cells


def _chunks(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of a part, cut where no reference is cut."""
    with archive.open(part) as stream:
        left = b""
        while chunk := stream.read(_CHUNK):
            chunk = left + chunk
            end = max(chunk.rfind(b">") + 1, len(chunk) - _CHUNK)
            left = chunk[end:]
            yield chunk[:end]
        yield left


def _number(columns: set[bytes]) -> int:
    """The number of the last of some columns: A is 1, AA is 27."""
    last = 0
    for letters in columns:
        number = 0
        for letter in letters.upper():
            number = 26 * number + letter - 64
        last = max(last, number)
    return last


def _too_large(rows: int, columns: int) -> Text:
    size = (
        Text(f"（{rows:,} 行 × {columns:,} 列）", f" ({rows:,} rows by {columns:,} columns)") if rows else Text("", "")
    )
    return Text(
        f"工作簿太大{size.zh}，读入会用尽内存，或单元格散在表的远处；请另存为 csv 后放入。",
        f"The workbook is too large{size.en} to be read into memory, or its cells stand far apart; save it as csv and land "
        "that.",
    )
