"""Landed files as SQL can read them: Parquet and UTF-8 text, by table and form.

Belongs here: file lists, recoding GB18030, workbooks and archives as text, the key's pads as variables. Does not belong
here: what is done with the rows.
"""

from __future__ import annotations

import codecs
import csv
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
from python_calamine import CalamineWorkbook

from dagster_project.contracts import load_contracts
from dagster_project.ingest.header import match
from dagster_project.ingest.keys import pads

_CHUNK = 1 << 22


@dataclass(frozen=True)
class Readable:
    """One landed file, or what it was turned into; `form` is parquet, csv (comma) or tsv (TAB)."""

    table: str
    form: str
    path: Path


def readable_files(landing: Path, work: Path) -> list[Readable]:
    """Every data file of a landing folder, in order of its path; what has to be rewritten lies in `work`."""
    work.mkdir(parents=True, exist_ok=True)
    tables = sorted(load_contracts(), key=len, reverse=True)
    found = []
    for path in sorted(landing.glob("*/*")):
        table = next((name for name in tables if path.name.startswith(name)), None)
        if table is None:
            continue
        form = "parquet" if path.suffix == ".parquet" else "tsv" if ".txt" in path.suffixes else "csv"
        found.append(Readable(table, form, _readable(path, table, form, work)))
    return found


def set_key(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """The pads of the key as variables inner_pad and outer_pad; the key itself never stands in a text."""
    for name, pad in pads(key).items():
        connection.execute(f"set variable {name} = $1", [pad])


def _readable(path: Path, table: str, form: str, work: Path) -> Path:
    if path.suffix == ".xlsx":
        return _workbook_as_csv(path, work)
    if path.suffix == ".zip":
        path = _unpacked(path, work)
    if form != "csv" or _is_utf8(path):
        return path
    return _recoded(path, table, work)


def _is_utf8(path: Path) -> bool:
    """Whether a file is UTF-8, as far as its first pages tell."""
    with path.open("rb") as stream:
        head = stream.read(_CHUNK)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _recoded(path: Path, table: str, work: Path) -> Path:
    """A GB18030 file as UTF-8, its Chinese header as the platform's names."""
    target = work / path.name
    with path.open(encoding="gb18030", newline="") as source, target.open("w", encoding="utf-8", newline="") as out:
        cells = source.readline().rstrip("\r\n").split(",")
        names = {place: name for name, place in match(cells, load_contracts()[table]).columns.items()}
        out.write(",".join(names.get(place, cell) for place, cell in enumerate(cells)) + "\n")
        while chunk := source.read(_CHUNK):
            out.write(chunk)
    return target


def _workbook_as_csv(path: Path, work: Path) -> Path:
    target = work / f"{path.stem}.csv"
    with target.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python())
    return target


def _unpacked(path: Path, work: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        member = archive.infolist()[0]
        target = work / Path(member.filename).name
        with archive.open(member) as source, target.open("wb") as out:
            shutil.copyfileobj(source, out, _CHUNK)
    return target
