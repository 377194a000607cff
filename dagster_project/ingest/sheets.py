"""How large a workbook's sheets are, read off the archive before anything builds them in memory.

Belongs here: the bounds of a workbook. Does not belong here: its cells (`workbook.py`).

The reader of workbooks keeps a sheet in memory as a full rectangle: two cells, the first and the last that Excel knows, would
take hundreds of gigabytes. So the places that cells name are looked at first, which costs a tenth of reading them.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from dagster_project.ingest.archives import allowance
from dagster_project.ingest.report import Refusal
from dagster_project.language import Text

# Memory of a workbook, estimated: a place of the rectangle, a cell that is there, and its texts; markup of a cell, which is none.
_PLACE, _CELL, _MARKUP, _MOST = 24, 48, 25, 1_400_000_000
_TEXTS = "xl/sharedstrings.xml"
_CHUNK = 1 << 20
_MOST_COLUMNS = 1 << 14
# A place as every program writes it, then as it may be written: the first pair looks for plain letters and is fast.
_PATTERNS = tuple(
    (re.compile(prefix + rb"([A-Za-z]{1,7})[0-9]"), re.compile(prefix + rb"[A-Za-z]{0,7}([0-9]{1,12})"))
    for prefix in (rb' r="', rb"""\sr\s*=\s*["']""")
)
_SHARED = re.compile(rb"<v>([0-9]{1,9})</v>")
_BEGINS = re.compile(rb"<(?:\w{1,20}:)?c[\s/>]")


def require_bounded(path: Path) -> None:
    """Raise Refusal for a workbook that would not fit into memory, whatever its size on disk."""
    with zipfile.ZipFile(path) as archive:
        parts = [part for part in archive.infolist() if not part.is_dir()]
        if sum(part.file_size for part in parts) > allowance(path.stat().st_size):
            raise Refusal(_too_large(0, 0))
        shared = next((part for part in parts if part.filename.lower() == _TEXTS), None)
        texts = _lengths(archive, shared) if shared else [0]
        held = shared.file_size if shared else 0
        sizes = []
        for part in parts:
            if part is shared or part.filename.startswith("xl/media/"):
                continue
            rows, columns, cells = _extent(archive, part)
            size = rows * columns * _PLACE + cells * _CELL + max(0, part.file_size - cells * _MARKUP)
            # A text that many cells share is written once and held once a cell.
            if cells * max(texts) > _MOST - held - size:
                size += _shared_bytes(archive, part, texts)
            if held + size > _MOST:
                raise Refusal(_too_large(rows, columns))
            sizes.append(size)
        if held + sum(sorted(sizes)[-2:]) > _MOST:  # the sheet that is looked at, beside the best one so far
            raise Refusal(_too_large(0, 0))


def _lengths(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> list[int]:
    """Bytes of every shared text, markup included."""
    found, begun = [], 0
    for chunk in _chunks(archive, part):
        *ended, last = chunk.split(b"</si>")
        for piece in ended:
            found.append(begun + len(piece))
            begun = 0
        begun += len(last)
    return found or [0]


def _shared_bytes(archive: zipfile.ZipFile, part: zipfile.ZipInfo, texts: list[int]) -> int:
    """Bytes of the shared texts of all cells of a part, one copy a cell."""
    total = 0
    for chunk in _chunks(archive, part):
        for place, times in Counter(_SHARED.findall(chunk)).items():
            total += times * (texts[int(place)] if int(place) < len(texts) else 0)
    return total


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
