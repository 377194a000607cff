"""From a landed file to something that SQL can read, column by column under the names of its header.

Belongs here: unpacking, the way from text and workbooks to a work file of text columns. Does not belong here: contracts
beyond the header (`header.py`), types and rules (`plan.py`).

Text and workbooks are rewritten as Parquet of text columns in the run's work folder, so that everything behind this
module reads one form. The work folder lies in the home, is readable by its owner only, and goes with the run.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import duckdb
import pyarrow as pa

from dagster_project.contracts import Contract
from dagster_project.ingest import delimited, encoding, synthetic, workbook
from dagster_project.ingest.discover import LandedFile
from dagster_project.ingest.report import Refusal
from dagster_project.ingest.store import literal
from dagster_project.language import Text


@dataclass(frozen=True)
class Source:
    """A readable table: SQL of the relation, SQL of the record number (from 1), header and types."""

    relation: str
    row: str
    header: list[str]  # as delivered, in file order
    columns: list[str]  # names in the relation, one a header cell
    types: list[str]  # types in the relation
    rows: int  # records that can be read cell by cell
    encoding: str = ""
    dialect: str = ""
    misshapen: list[int] = field(default_factory=list)  # records whose number of cells differs from the header's
    is_marked: bool = False  # its own metadata call it synthetic
    lines_of: delimited.LinesOf | None = None  # lines of the file by record number; None where there are no lines

    @property
    def rows_read(self) -> int:
        """All records of the file."""
        return self.rows + len(self.misshapen)


def digest(file: LandedFile) -> tuple[str, int]:
    """SHA-256 and size of a file; of the content for a member of an archive."""
    total, size = hashlib.sha256(), 0
    try:
        with _raw_stream(file) as stream:
            while chunk := stream.read(1 << 20):
                total.update(chunk)
                size += len(chunk)
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise _damaged(error) from error
    return total.hexdigest(), size


def check_readable(file: LandedFile) -> None:
    """Raise Refusal for a damaged archive and for a form that intake does not read."""
    if file.problem is not None:
        raise Refusal(file.problem)
    if not file.is_data:
        raise Refusal(
            Text(
                "不支持的格式；请另存为 csv、txt、tsv、parquet 或 xlsx（可压缩为 gz、zip、zst）。",
                "Not a supported format; save it as csv, txt, tsv, parquet or xlsx (gz, zip, zst allowed).",
            )
        )


def check_digest(file: LandedFile, sha: str) -> None:
    """Compare a file's SHA-256 with its manifest's, of the archive where a member is not listed itself (S8).

    Raises Refusal when they differ.
    """
    listed = file.entry.get("sha256")
    whole = file.archive_entry.get("sha256")
    if file.member and whole and not listed:
        listed, sha = whole, digest(LandedFile(file.path, file.source_file, file.extract))[0]
    if listed and str(listed).lower() != sha:
        raise Refusal(
            Text(
                "文件内容与清单的 sha256 不符（S8）；可能拷贝中断，请重新拷贝。",
                "The content differs from the manifest's sha256 (S8); copying may have been cut short, copy it again.",
            )
        )


def _raw_stream(file: LandedFile) -> IO[bytes]:
    if file.member is None:
        return file.path.open("rb")
    return zipfile.ZipFile(file.path).open(file.member)


def _plain_stream(file: LandedFile) -> Callable[[], IO[bytes]]:
    suffix = Path(file.member or file.path.name).suffix.lower()

    def opened() -> IO[bytes]:
        stream = _raw_stream(file)
        if suffix == ".gz":
            return gzip.GzipFile(fileobj=stream)  # type: ignore[return-value]
        if suffix == ".zst":
            return pa.CompressedInputStream(stream, "zstd")  # type: ignore[no-any-return]
        return stream

    return opened


def _damaged(error: Exception) -> Refusal:
    kind = type(error).__name__
    return Refusal(
        Text(
            f"文件已损坏、加密或无法读取（{kind}）；请重新导出或拷贝。",
            f"The file is damaged, encrypted or unreadable ({kind}); export or copy it again.",
        )
    )


def open_source(connection: duckdb.DuckDBPyConnection, file: LandedFile, contract: Contract, work: Path) -> Source:
    """Make a landed file readable. Raises Refusal when it cannot be."""
    suffix = Path(file.inner_name).suffix.lower()
    unpacked = file.member is not None or suffix != file.path.suffix.lower()
    try:
        if suffix == ".parquet":
            return _parquet(connection, _on_disk(file, work / "unpacked.parquet") if unpacked else file.path)
        if suffix == ".xlsx":
            path = _on_disk(file, work / "unpacked.xlsx") if unpacked else file.path
            table = workbook.rewrite(path, contract, work / "text.parquet")
            return _text(connection, table, is_marked=synthetic.workbook_says(path))
        table, code = _delimited(file, contract, work, None if unpacked else file.path)
        return _text(connection, table, code)
    except (OSError, EOFError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno == 28:
            raise
        raise _damaged(error) from error


def _delimited(file: LandedFile, contract: Contract, work: Path, plain: Path | None) -> tuple[delimited.TextTable, str]:
    """The cells of a text file, and its encoding.

    The encoding is decided on the whole file. A file that needs no unpacking is read as UTF-8 meanwhile, which most are: on a
    second core that costs no time, and what was read is dropped when it was not.
    """
    target = work / "text.parquet"
    with ThreadPoolExecutor(1) as pool:
        decided = pool.submit(encoding.as_utf8, _plain_stream(file), plain, work / "text.utf8")
        early = None
        if plain is not None:
            with suppress(Refusal, UnicodeDecodeError):
                early = delimited.rewrite(plain, contract, target)
        path, code = decided.result()
    return early if early is not None and path == plain else delimited.rewrite(path, contract, target), code


def _on_disk(file: LandedFile, target: Path) -> Path:
    with _plain_stream(file)() as stream, target.open("wb") as out:
        shutil.copyfileobj(stream, out, 1 << 20)
    return target


def _parquet(connection: duckdb.DuckDBPyConnection, path: Path) -> Source:
    if path.stat().st_size == 0:
        raise Refusal(Text("文件为空（0 字节）；请重新导出。", "The file is empty (0 bytes); export it again."))
    try:
        described = connection.execute(f"describe select * from read_parquet({literal(path)})").fetchall()
        count = connection.execute(f"select sum(num_rows) from parquet_file_metadata({literal(path)})").fetchone()
        is_marked = synthetic.parquet_says(connection, path)
    except duckdb.Error as error:
        raise _damaged(error) from error
    names = [str(row[0]) for row in described]
    return Source(
        relation=f"read_parquet({literal(path)}, file_row_number = true)",
        row="file_row_number + 1",
        header=names,
        columns=names,
        types=[str(row[1]).upper() for row in described],
        rows=int(count[0] or 0) if count else 0,
        dialect="parquet",
        is_marked=is_marked,
    )


def _text(
    connection: duckdb.DuckDBPyConnection, table: delimited.TextTable, code: str = "", is_marked: bool = False
) -> Source:
    return Source(
        relation=f"read_parquet({literal(table.path)})",
        row='"row.number"',
        header=table.header,
        columns=[f"c{place}" for place in range(len(table.header))],
        types=["VARCHAR"] * len(table.header),
        rows=table.rows,
        encoding=code,
        dialect=table.dialect,
        misshapen=table.misshapen,
        is_marked=is_marked,
        lines_of=table.lines_of,
    )
