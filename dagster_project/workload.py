"""What a run has in front of it, in rows: of files not taken in yet, of months to be rebuilt, of the whole home.

Belongs here: reading it from the landing folder and from `ops`, in milliseconds, and telling `progress`. Does not belong
here: turning rows into seconds (`time_left.py`), deciding what is taken in or rebuilt.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace

import duckdb

from dagster_project import progress
from dagster_project.ingest.discover import find_files
from dagster_project.settings import Settings
from dagster_project.time_left import Work
from dagster_project.warehouse import connect

# Bytes of a row on disk, where the home has not yet taken in a file of the kind: text, text packed, columns, a workbook.
ROW_BYTES = {".csv": 250.0, ".txt": 250.0, ".tsv": 250.0, ".parquet": 33.0, ".xlsx": 60.0}
PACKED_ROW_BYTES = 40.0
# A delivered row makes due what all extracts already have of its month, too; how much is known when intake has ended.
DUE_FOR_A_NEW_ROW = 3


def new_rows(connection: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, float]:
    """Rows, estimated from bytes, of each file that was not taken in before."""
    if not settings.landing.is_dir():
        return {}
    seen = {
        (str(name), int(size), int(modified))
        for name, size, modified in connection.execute(
            "select distinct source_file, bytes, modified_ns from ops.file "
            "where status in ('loaded', 'duplicate') and modified_ns is not null"
        ).fetchall()
    }
    known = _bytes_of_a_row(connection)
    files = [file for file in find_files(settings.landing).files if file.extract is not None]
    sharing = Counter(file.path for file in files)
    found = {}
    for file in files:
        with suppress(OSError):  # gone since the folder was looked at
            status = file.path.stat()
            if (file.source_file, status.st_size, status.st_mtime_ns) not in seen:
                kind = _kind(file.source_file)
                found[file.source_file] = status.st_size / sharing[file.path] / known.get(kind, _first_guess(kind))
    return found


def _kind(source_file: str) -> str:
    """What decides how many bytes a row has: the suffixes of a name."""
    name = source_file.rsplit("/", 1)[-1].lower()
    packed = ".zip/" in source_file.lower() or name.endswith((".gz", ".zst"))
    return "packed" if packed else "." + name.rsplit(".", 1)[-1]


def _first_guess(kind: str) -> float:
    return PACKED_ROW_BYTES if kind == "packed" else ROW_BYTES.get(kind, PACKED_ROW_BYTES)


def _bytes_of_a_row(connection: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """Bytes of a row by kind of file, over what the home has taken in."""
    size: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for name, taken, read in connection.execute(
        "select load.source_file, max(file.bytes), max(load.rows_read) from ops.load "
        "inner join ops.file on file.sha256 = load.sha256 and file.source_file = load.source_file "
        "where file.bytes > 0 group by load.source_file"
    ).fetchall():
        size[_kind(str(name))] += int(taken)
        rows[_kind(str(name))] += int(read)
    # Members of an archive all have the size of the archive: what they tell is too much by their number.
    return {kind: size[kind] / rows[kind] for kind in rows if rows[kind] > 0 and kind != "packed"}


def in_front(connection: duckdb.DuckDBPyConnection, new: float, is_everything_due: bool) -> Work:
    """The work of a run that has `new` rows yet to take in."""
    told = connection.execute(
        "with due as (select cast(settlement_month as varchar) as month from ops.touched_month), "
        "unbuilt as (select load_id from ops.load anti join ops.built_load using (load_id)) "
        'select coalesce(sum("rows"), 0), '
        'coalesce(sum("rows") filter (month in (select month from due) or load_id in (select load_id from unbuilt)), 0) '
        "from ops.load_month"
    ).fetchone()
    everything, due = (float(number) for number in told or (0, 0))
    due = min(everything + new, due + DUE_FOR_A_NEW_ROW * new)
    return Work(new=new, due=everything + new if is_everything_due else due, all=everything + new)


def tell_before_intake(settings: Settings, is_everything_due: bool) -> dict[str, float]:
    """Tell progress what there is to do; returns the estimated rows of each file to take in."""
    with connect(settings) as connection:
        rows = new_rows(connection, settings)
        progress.expect(in_front(connection, sum(rows.values()), is_everything_due))
    return rows


def tell(settings: Settings, is_everything_due: bool, taken: int = 0) -> None:
    """Tell progress what there is to do where intake is over, which took in so many rows, or is not part of it."""
    with connect(settings) as connection:
        progress.expect(replace(in_front(connection, 0, is_everything_due), new=taken))


class IntakeShare:
    """How much of intake is done, by the rows of its files: a year's settlements are not one file in a hundred."""

    def __init__(self, rows: dict[str, float]) -> None:
        self._rows = dict(rows)
        self._total = sum(rows.values())
        self._done = 0.0
        self._at = ""

    def __call__(self, done: int, total: int, what: str) -> None:
        """Intake turns to the file `what`; '' when it is through."""
        self._done += self._rows.pop(self._at, 0.0)
        self._at = what
        fraction = self._done / self._total if what and self._total > 0 else float(not what)
        progress.advance(fraction, what, "landing")
