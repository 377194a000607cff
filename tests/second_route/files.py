"""From landed files to text: every format and encoding a data centre delivers.

Belongs here: finding the files of a table by their names (S7), decoding (S12), separators (S13), headers (S11). Does
not belong here: what a value means.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from python_calamine import CalamineWorkbook

from tests.second_route.constants import ALIASES, COLUMNS, FULL_DELIVERY

DATA_SUFFIXES = (".csv", ".txt", ".tsv", ".parquet", ".xlsx")
RAGGED = "_ragged"


@dataclass(frozen=True)
class Landed:
    """One data file as delivered: where it lies, its table, its bytes' frame of text, when it was delivered."""

    file: str
    table: str
    batch: str
    delivered: datetime
    frame: pl.DataFrame
    header_ok: bool
    full: bool  # a snapshot of the table, not an increment


def table_of(name: str) -> str | None:
    """Table that a file name belongs to: the longest table name that is the stem or starts it before '_'."""
    stem = name.split(".")[0]
    fits = [table for table in COLUMNS if stem == table or stem.startswith(table + "_")]
    return max(fits, key=len) if fits else None


def decode(data: bytes) -> str:
    """Text of a delimited file: UTF-8 with or without mark, UTF-16 with mark, else GB18030."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def _delimited(data: bytes) -> tuple[list[str], list[list[str]]]:
    text = decode(data)
    first = text.split("\n", 1)[0]
    separator = max(",\t|;", key=first.count)
    rows = list(csv.reader(io.StringIO(text), delimiter=separator))
    if not rows:
        return [], []
    # A separator at the very end of every line, header included, is a habit of some exports, not a column.
    return rows[0], [row for row in rows[1:] if row]


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return "" if value is None else str(value)


def _workbook(data: bytes) -> tuple[list[str], list[list[str]]]:
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
    rows = [[_cell(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    return (rows[0], rows[1:]) if rows else ([], [])


def _text_frame(header: list[str], rows: list[list[str]]) -> pl.DataFrame:
    width = len(header)
    padded = [(row + [""] * width)[:width] for row in rows]
    ragged = [(len(row) != width and any(cell.strip() for cell in row[width:])) or len(row) < width for row in rows]
    columns = {f"{index}": [row[index] for row in padded] for index in range(width)}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    return frame.with_columns(pl.Series(RAGGED, ragged, dtype=pl.Boolean))


def _header_names(table: str, header: list[str]) -> list[str | None]:
    names = {column.name: column.name for column in COLUMNS[table]}
    names |= {column.name_zh: column.name for column in COLUMNS[table]}
    for alias, core in ALIASES.get(table, {}).items():
        names.setdefault(alias, core)
    by_lower = {name.lower(): core for name, core in names.items()}  # names hold capitals too: 结算ID
    return [by_lower.get(name.strip().lower().strip("﻿")) for name in header]


def _to_contract(table: str, header: list[str], frame: pl.DataFrame) -> tuple[pl.DataFrame, bool]:
    """Columns under their contract names, missing ones null; false when the header refuses the file."""
    found = _header_names(table, header)
    known = [name for name in found if name]
    required = {column.name for column in COLUMNS[table] if column.required}
    header_ok = len(known) == len(set(known)) and required <= set(known)
    chosen = [pl.col(str(index)).alias(name) for index, name in enumerate(found) if name and header_ok]
    missing = [pl.lit(None, dtype=pl.String).alias(c.name) for c in COLUMNS[table] if c.name not in known]
    rest = [pl.col(RAGGED)]
    result = frame.select(chosen + rest).with_columns(missing) if header_ok else frame.select(rest)
    return result.with_row_index("_row", offset=1), header_ok


def _read(table: str, name: str, data: bytes) -> tuple[pl.DataFrame, bool]:
    if name.endswith(".parquet"):
        source = pl.read_parquet(io.BytesIO(data))
        header = source.columns
        frame = source.select(
            pl.col(column).cast(pl.String, strict=True).alias(str(index)) for index, column in enumerate(header)
        ).with_columns(pl.lit(False).alias(RAGGED))
    else:
        header, rows = _workbook(data) if name.endswith(".xlsx") else _delimited(data)
        if header and not header[-1].strip():
            header = header[:-1]
        frame = _text_frame(header, rows)
    return _to_contract(table, header, frame)


def _members(path: Path) -> list[tuple[str, bytes]]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return [(item, archive.read(item)) for item in archive.namelist() if not item.endswith("/")]
    if path.suffix == ".gz":
        return [(path.stem, gzip.decompress(path.read_bytes()))]
    return [(path.name, path.read_bytes())]


def _delivered(folder: Path) -> datetime:
    manifest = folder / "manifest.json"
    if manifest.exists():
        stated = json.loads(manifest.read_text(encoding="utf-8")).get("extracted_at")
        if stated:
            return datetime.fromisoformat(stated).replace(tzinfo=None)
    return datetime(1900, 1, 1)


def _is_full(folder: Path, table: str) -> bool:
    manifest = folder / "manifest.json"
    stated = json.loads(manifest.read_text(encoding="utf-8")).get("delivery") if manifest.exists() else None
    return stated == "full" if stated else table in FULL_DELIVERY


def landed_files(landing: Path, tables: set[str] | None = None) -> Iterator[Landed]:
    """Every data file under a landing folder that belongs to a known table, one at a time, in order of its path."""
    for path in sorted(landing.rglob("*")):
        if not path.is_file() or path.suffix == ".json":
            continue
        for member, data in _members(path):
            table = table_of(Path(member).name) or table_of(path.name)
            if table is None or not member.endswith(DATA_SUFFIXES) or (tables is not None and table not in tables):
                continue
            frame, header_ok = _read(table, member, data)
            inside = f"/{member}" if path.suffix == ".zip" else ""
            name = path.relative_to(landing).as_posix() + inside
            yield Landed(
                name, table, path.parent.name, _delivered(path.parent), frame, header_ok, _is_full(path.parent, table)
            )
