"""Records of a landed file as they were delivered, read on demand (core decision 14).

Belongs here: finding the file by its content, reading chosen records of it. Does not belong here: who may see them (`verbs/`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.contracts import Contract, load_contracts
from dagster_project.durable import durable_step
from dagster_project.ingest import codes
from dagster_project.ingest.column_names import load_column_names
from dagster_project.ingest.discover import LandedFile, find_files
from dagster_project.ingest.keys import key_of_warehouse
from dagster_project.ingest.load import Examined, examine
from dagster_project.ingest.plan import ROW
from dagster_project.ingest.report import Refusal
from dagster_project.ingest.source import digest
from dagster_project.settings import Settings

Cells = dict[str, str]


@dataclass(frozen=True)
class Opened:
    """A landed file that can be read again, with its plan; its work files last as long as the context that opened it."""

    file: LandedFile
    contract: Contract
    examined: Examined
    key: bytes
    work: Path


def find_landed(connection: duckdb.DuckDBPyConnection, settings: Settings, sha: str) -> LandedFile | None:
    """The file of a content in the landing folder, under whatever name; None when it is gone or has changed."""
    rows = connection.execute("select distinct bytes from ops.file where sha256 = ?", [sha]).fetchall()
    sizes = {int(row[0]) for row in rows}
    if not settings.landing.is_dir():
        return None
    for file in find_files(settings.landing).files:
        if file.problem is not None or not file.is_data or not file.path.is_file():
            continue
        try:
            if file.path.stat().st_size in sizes and digest(file)[0] == sha:
                return file
        except Refusal:
            continue
    return None


@contextmanager
def opened(
    connection: duckdb.DuckDBPyConnection, settings: Settings, file: LandedFile, extract: str, run_id: str
) -> Iterator[Opened]:
    """Open a landed file with the codes that are known now. Raises Refusal when it can no longer be read."""
    contract = load_contracts()[extract]
    key = key_of_warehouse(connection, settings)
    codes.register(connection, codes.delivered_regions(connection), codes.provincial_codes(settings))
    # The name is that of intake's work, so that a run sweeps away what a killed reading left.
    work = settings.home / "tmp" / f"intake-desk-{run_id}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True, mode=0o700)
    try:
        yield Opened(
            file, contract, examine(connection, file, contract, work, key, load_column_names(settings)), key, work
        )
    finally:
        with durable_step("desk.remove_work"):
            shutil.rmtree(work, ignore_errors=True)


def read_records(connection: duckdb.DuckDBPyConnection, landed: Opened, records: Sequence[int]) -> dict[int, Cells]:
    """Cells by column of some records, as text without the blanks around them; what is empty is left out."""
    plan = landed.examined.plan
    connection.execute(
        "create or replace temp table wanted_record as select unnest($1::bigint[]) as record", [list(records)]
    )
    names = [column.name for column in plan.present]
    cells = ", ".join(f'cast("{name}.text" as varchar)' for name in names)
    rows = connection.execute(
        f"select {ROW}, {cells} from ({plan.typed(f'where {plan.source.row} in (select record from wanted_record)')}) order by 1"
    ).fetchall()
    return {
        int(row[0]): {name: str(cell) for name, cell in zip(names, row[1:], strict=True) if cell is not None}
        for row in rows
    }
