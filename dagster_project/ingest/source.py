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
from dataclasses import replace
from pathlib import Path
from typing import IO

import duckdb
import pyarrow as pa

from dagster_project.contracts import Contract
from dagster_project.ingest import delimited, encoding, quotes, synthetic, workbook
from dagster_project.ingest.archives import Bounded, shown
from dagster_project.ingest.columnar import open_parquet
from dagster_project.ingest.damage import told_when_broken
from dagster_project.ingest.discover import LandedFile
from dagster_project.ingest.doubts import Doubt
from dagster_project.ingest.forms import require_form
from dagster_project.ingest.readable import Source
from dagster_project.ingest.report import Refusal
from dagster_project.ingest.store import literal
from dagster_project.language import Text


def digest(file: LandedFile) -> tuple[str, int]:
    """SHA-256 and size of a file; of the content for a member of an archive."""
    total, size = hashlib.sha256(), 0
    with told_when_broken(), _raw_stream(file) as stream:
        while chunk := stream.read(1 << 20):
            total.update(chunk)
            size += len(chunk)
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
    archive = zipfile.ZipFile(file.path)
    return archive.open(archive.infolist()[file.place])


def _plain_stream(file: LandedFile, work: Path) -> Callable[[], IO[bytes]]:
    suffix = Path(file.member or file.path.name).suffix.lower()

    def opened() -> IO[bytes]:
        stream = _raw_stream(file)
        packed = file.path.stat().st_size
        if file.member is not None:
            return Bounded(stream, packed, work)  # type: ignore[return-value]
        if suffix == ".gz":
            return Bounded(gzip.GzipFile(fileobj=stream), packed, work)  # type: ignore[return-value, arg-type]
        if suffix == ".zst":
            return Bounded(pa.CompressedInputStream(stream, "zstd"), packed, work)  # type: ignore[return-value]
        return stream

    return opened


def open_source(connection: duckdb.DuckDBPyConnection, file: LandedFile, contract: Contract, work: Path) -> Source:
    """Make a landed file readable. Raises Refusal when it cannot be."""
    suffix = Path(file.inner_name).suffix.lower()
    unpacked = file.member is not None or suffix != file.path.suffix.lower()
    with told_when_broken():
        if file.member is None:
            require_form(file.path)
        named = _plainly_named(file.path, work)
        if suffix in (".parquet", ".xlsx"):
            path = _on_disk(file, work, f"unpacked{suffix}") if unpacked else named
            require_form(path, suffix)
            if suffix == ".parquet":
                return open_parquet(connection, path, contract)
            table = workbook.rewrite(path, contract, work / "text.parquet")
            return _text(connection, table, is_marked=synthetic.workbook_says(path))
        return _delimited(connection, file, contract, work, None if unpacked else named)


def _delimited(
    connection: duckdb.DuckDBPyConnection, file: LandedFile, contract: Contract, work: Path, plain: Path | None
) -> Source:
    """The cells of a text file.

    Encoding and quoting are decided on the whole file. A file that needs no unpacking is read as UTF-8 meanwhile, which most
    are: on a second core that costs no time, and what was read is dropped when it was not.
    """
    target = work / "text.parquet"
    with ThreadPoolExecutor(1) as pool:
        decided = pool.submit(encoding.as_utf8, _plain_stream(file, work), plain, work / "text.utf8")
        early = None
        if plain is not None:
            with suppress(Refusal, UnicodeDecodeError):
                early = delimited.rewrite(plain, contract, target)
        text = decided.result()
    early = early if text.path == plain else None
    table = early or delimited.rewrite(text.path, contract, target)
    doubts = [text.doubt] if text.doubt else []
    quoted = text.tally.quoted(table.separator)
    if table.separator in ",;" or quoted == table.quoted:
        quotes.require_closed(connection, table, text.tally.lines)
    elif table.quoted:  # by its first lines; what follows must bear it out
        try:
            quotes.require_closed(connection, table, text.tally.lines)
        except Refusal:
            table = delimited.rewrite(text.path, contract, target, is_quoted=False)
            doubts.append(quotes.doubtful_quotes())
    else:
        table, doubt = _read_as_quoted(connection, text, contract, target, quoted)
        doubts += [doubt] if doubt else []
    if text.ended:
        table = replace(table, dialect=f"{table.dialect}, ended by Ctrl-Z")
    return _text(connection, table, text.encoding, doubts=tuple(doubts))


def _read_as_quoted(
    connection: duckdb.DuckDBPyConnection, text: encoding.Decoded, contract: Contract, target: Path, quoted: bool | None
) -> tuple[delimited.TextTable, Doubt | None]:
    """A text whose first lines know no quotes, read with them if they pair in the whole file and swallow nothing."""
    if quoted:
        with suppress(Refusal):
            table = delimited.rewrite(text.path, contract, target, is_quoted=True)
            quotes.require_closed(connection, table, text.tally.lines)
            return table, None
    return delimited.rewrite(text.path, contract, target, is_quoted=False), quotes.doubtful_quotes()


def _on_disk(file: LandedFile, work: Path, name: str) -> Path:
    target = work / name
    with _plain_stream(file, work)() as stream, target.open("wb") as out:
        shutil.copyfileobj(stream, out, 1 << 20)
    return target


def _plainly_named(path: Path, work: Path) -> Path:
    """The file under a name that every library takes for one file and nothing else: neither a pattern nor broken letters."""
    name = f"{path.parent.name}/{path.name}"
    if shown(str(path)) == str(path) and not set(name) & set("*?[]"):
        return path
    link = work / f"landed{path.suffix.lower()}"
    link.symlink_to(path)
    return link


def _text(
    connection: duckdb.DuckDBPyConnection,
    table: delimited.TextTable,
    code: str = "",
    is_marked: bool = False,
    doubts: tuple[Doubt, ...] = (),
) -> Source:
    return Source(
        relation=f"read_parquet({literal(table.path)})",
        row='"row.number"',
        header=table.header,
        columns=[f"c{place}" for place in range(len(table.header))],
        types=["VARCHAR"] * len(table.header),
        coded=frozenset(table.coded),
        rows=table.rows,
        parquet=table.path,
        encoding=code,
        dialect=table.dialect,
        misshapen=table.misshapen,
        is_marked=is_marked,
        lines_of=table.lines_of,
        noisy=table.noisy,
        doubts=doubts,
    )
