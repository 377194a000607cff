"""One odd file and what must become of it; good rows of an extract; the forms that rows are written in.

Belongs here: what all operators share. Does not belong here: operators (`cells.py`, `tables.py`, `containers.py`, `columns.py`).
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from dagster_project.contracts import Column, load_contracts
from tests.intake_world import Row, rows

Kind = Literal["accepted", "warned", "doubtful", "quarantined", "refused", "unknown"]
# Operators cost what planning a scan costs, which grows with the columns: narrow extracts stand for the wide ones.
NARROW = ("fund_ledger_m", "population_ref", "insu_emp_info_b", "fixmedins_b", "psn_insu_d", "drg_dip_group_result")
ROWS = 8


@dataclass(frozen=True)
class Odd:
    """A file, the operator that made it, and its fate."""

    operator: str
    name: str
    content: bytes
    kind: Kind
    rows: int = 0  # read, where it is loaded
    rule: str = ""  # of the warning, of the quarantined rows, the subject of a doubt
    says: str = ""  # in the reason of a refusal
    held: int = 0
    raw: Mapping[tuple[int, str], Any] = field(default_factory=dict)  # (record, column) to the value in raw
    member: str = ""  # the file within it that is meant
    manifest: bytes | None = None  # of the folder that it lies in
    in_its_place: str = (
        ""  # what stands there under the manifest's name and is no file: pipe, socket, folder, device, dead link
    )


def good(extract: str, number: int, count: int = ROWS) -> list[Row]:
    """Good rows whose keys no other file of the corpus has: a later row of the same key would answer for one that is held."""
    table = rows(extract, count, start=1000 * number)
    for place, line in enumerate(table, ROWS * number):
        if extract == "population_ref":
            line["year"] = str(1000 + place % 9000)
        if extract == "fund_ledger_m":
            line["ym"] = f"{1900 + place // 12 % 300}{place % 12 + 1:02d}"
    for column in ("src_doc", "source_doc"):
        if any(known.name == column for known in load_contracts()[extract].columns):
            table = [line | {column: f"file {number}"} for line in table]
    own = {"psn_no": f"p{number}", "insu_admdvs": "520102", "emp_type": "10"}
    return [line | {name: cell for name, cell in own.items() if name in line} for line in table]


def free_column(extract: str, kind: str, **wanted: Any) -> Column | None:
    """A column of a type that no rule over several cells asks and that is no key: changing it breaks nothing else."""
    contract = load_contracts()[extract]
    asked = {name for rule in contract.rules for name in rule.columns} | {contract.month_by, contract.version_by}
    for column in contract.columns:
        plain = column.type == kind and column.landed == "as_is" and not column.key and column.name not in asked
        if plain and all(getattr(column, name) == value for name, value in wanted.items()):
            return column
    return None


def delimited(table: Sequence[Row], separator: str = ",", header: Mapping[str, str] | None = None) -> str:
    """Rows as text, cells quoted where they must be."""
    names = list(dict.fromkeys(name for line in table for name in line))

    def quoted(cell: str) -> str:
        needed = any(letter in cell for letter in (separator, '"', "\n", "\r"))
        return '"' + cell.replace('"', '""') + '"' if needed else cell

    lines = [
        [(header or {}).get(name, name) for name in names],
        *[[line.get(name, "") for name in names] for line in table],
    ]
    return "".join(separator.join(map(quoted, line)) + "\n" for line in lines)


def zipped(members: Mapping[str, bytes | str]) -> bytes:
    """A zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def zstd(content: bytes) -> bytes:
    """A zstd stream."""
    target = pa.BufferOutputStream()
    with pa.CompressedOutputStream(target, "zstd") as stream:
        stream.write(content)
    return bytes(target.getvalue().to_pybytes())


def parquet(columns: Mapping[str, Any], **options: Any) -> bytes:
    """Columns as a Parquet file."""
    buffer = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), buffer, **options)
    return buffer.getvalue()


def by_column(table: Sequence[Row]) -> dict[str, list[str | None]]:
    """Rows as columns of text."""
    names = list(dict.fromkeys(name for line in table for name in line))
    return {name: [line.get(name) for line in table] for name in names}


def workbook(table: Sequence[Row], header: Mapping[str, str] | None = None) -> bytes:
    """Rows as a workbook of text cells."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet()
    columns = by_column(table)
    for place, (name, cells) in enumerate(columns.items()):
        sheet.write_string(0, place, (header or {}).get(name, name))
        for number, cell in enumerate(cells, 1):
            sheet.write_string(number, place, cell or "")
    book.close()
    return buffer.getvalue()


# Forms by name: suffix, and rows to bytes. Each keeps every cell as it is, blanks at its ends included.
FORMS = {
    "comma": (".csv", lambda table: delimited(table).encode()),
    "bom": (".csv", lambda table: delimited(table).encode("utf-8-sig")),
    "gb18030": (".csv", lambda table: delimited(table).encode("gb18030")),
    "utf16": (".csv", lambda table: delimited(table).encode("utf-16")),
    "semicolon": (".csv", lambda table: delimited(table, ";").encode()),
    "tab": (".tsv", lambda table: delimited(table, "\t").encode()),
    "pipe": (".txt", lambda table: delimited(table, "|").encode()),
    "crlf": (".csv", lambda table: delimited(table).replace("\n", "\r\n").encode()),
    "gz": (".csv.gz", lambda table: gzip.compress(delimited(table).encode(), mtime=0)),
    "zst": (".txt.zst", lambda table: zstd(delimited(table, "|").encode())),
    "parquet": (".parquet", lambda table: parquet(by_column(table))),
    "xlsx": (".xlsx", workbook),
}
