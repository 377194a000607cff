"""Writing files so that the same rows give the same bytes.

Belongs here: Parquet, CSV, gz, zip and xlsx writers without clocks in them, and the bookkeeping of what was written.
Every Parquet file carries `synthetic: true`. Does not belong here: which rows go where.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import xlsxwriter

_MARK = {"synthetic": "true", "notice": "合成数据 synthetic data"}
_ZIP_DATE = (2020, 1, 1, 0, 0, 0)
_FIXED_MOMENT = datetime(2020, 1, 1)


@dataclass
class WrittenFile:
    """What was written into one file; `broken` counts planted defects by rule."""

    batch: str
    name: str
    extract: str
    rows: int = 0
    broken: dict[str, int] = field(default_factory=dict)
    member: str = ""
    sha256: str = ""

    @property
    def relative(self) -> str:
        """Path below the landing folder, as the intake names it: a member of an archive after the archive."""
        return f"{self.batch}/{self.name}" + (f"/{self.member}" if self.member else "")


class TableWriter(Protocol):
    """Anything that takes tables one after the other."""

    def write(self, table: pa.Table) -> None:
        """Append the rows of a table."""

    def __enter__(self) -> TableWriter: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


# Tables below this size wait for others: a row group costs its writer and its reader the same whatever is in it.
SMALL_GROUP = 32_768


class ParquetTables:
    """A Parquet file; a row group is a chunk, or several small ones."""

    def __init__(self, path: Path, unique: frozenset[str] = frozenset()):
        self._path = path
        self._unique = unique
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []

    def write(self, table: pa.Table) -> None:
        """Append the rows of a table."""
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._path,
                table.schema,
                compression="zstd",
                compression_level=1,
                use_dictionary=[name for name in table.column_names if name not in self._unique],
                write_statistics=False,
                store_schema=False,
                store_decimal_as_integer=True,
            )
            # Without the Arrow schema (readers shall see plain text) a schema's own metadata is not written either.
            self._writer.add_key_value_metadata(_MARK)
        if table.num_rows:
            self._waiting.append(table)
        if sum(waiting.num_rows for waiting in self._waiting) >= SMALL_GROUP:
            self._write_group()

    def _write_group(self) -> None:
        if self._writer is not None and self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
        self._waiting = []

    def __enter__(self) -> ParquetTables:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._write_group()
            self._writer.close()


class TextTables:
    """Separated text in one encoding, plain or gz; cells are text already or become so."""

    def __init__(
        self, path: Path, header: dict[str, str], encoding: str = "utf-8", separator: str = ",", packed: bool = False
    ):
        self._file = path.open("wb")
        self._gzip = (
            gzip.GzipFile(filename="", mode="wb", fileobj=self._file, compresslevel=1, mtime=0) if packed else None
        )
        self._encoding = encoding
        self._separator = separator
        self._header = header
        self._begun = False

    def write(self, table: pa.Table) -> None:
        """Append the rows of a table."""
        target: IO[bytes] = self._gzip if self._gzip is not None else self._file  # type: ignore[assignment]
        if not self._begun:
            names = [self._header.get(name, name) for name in table.column_names]
            target.write((self._separator.join(names) + "\n").encode(self._encoding))
            self._begun = True
        buffer = io.BytesIO()
        options = pa_csv.WriteOptions(include_header=False, delimiter=self._separator, quoting_style="needed")
        pa_csv.write_csv(as_text(table), buffer, write_options=options)
        content = buffer.getvalue()
        target.write(content if self._encoding == "utf-8" else content.decode("utf-8").encode(self._encoding))

    def __enter__(self) -> TextTables:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._gzip is not None:
            self._gzip.close()
        self._file.close()


def as_text(table: pa.Table) -> pa.Table:
    """Every column as text, the way a database export writes it."""
    columns = []
    for column in table.columns:
        kind = column.type
        if pa.types.is_timestamp(kind):
            column = column.cast(pa.timestamp("s"))
        columns.append(column if pa.types.is_string(column.type) else column.cast(pa.string()))
    return pa.table(columns, names=table.column_names)


def write_zip(path: Path, member: str, content: bytes) -> None:
    """A zip archive with one member and a fixed date."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(member, _ZIP_DATE), content, zipfile.ZIP_DEFLATED, 6)


def write_workbook(
    path: Path, header: list[str], rows: list[list[str | float | int | None]], date_columns: tuple[int, ...] = ()
) -> None:
    """One sheet with a header in row 1; `date_columns` hold datetimes as real Excel dates."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "default_date_format": "yyyy-mm-dd"})
    book.set_properties({"created": _FIXED_MOMENT, "comments": _MARK["notice"]})
    sheet = book.add_worksheet("数据")
    sheet.write_row(0, 0, header)
    for number, row in enumerate(rows, start=1):
        for at, value in enumerate(row):
            if value is None:
                continue
            if at in date_columns:
                sheet.write_datetime(number, at, datetime.fromisoformat(str(value)))
            elif isinstance(value, str):
                sheet.write_string(number, at, value)
            else:
                sheet.write_number(number, at, value)
    book.close()


def sha256_of(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
