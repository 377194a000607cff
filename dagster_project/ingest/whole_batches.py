"""A batch with a manifest is taken in whole or not at all (S8), whatever file of it breaks the manifest, and whenever.

Belongs here: undoing the files of a batch that were recorded before the one that broke it. Does not belong here: what a manifest
asks (`batches.py`, `decide.py`), taking out what a person no longer wants (`desk/`).

Files are recorded one by one, so that a killed run goes on where it was. Until all files of a batch have been read its loads stand
in ops.open_batch: nothing else rests on them, for row versions are settled at the end of a run. Then the batch is closed, or its
loads are taken out of the accounts again; a run that was killed in between leaves them open for the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.contracts import load_contracts
from dagster_project.durable import durable_step
from dagster_project.ingest.answers import answer_again
from dagster_project.ingest.archives import told
from dagster_project.ingest.report import Refusal
from dagster_project.ingest.store import TABLES
from dagster_project.language import Text
from dagster_project.settings import Settings


class BatchRefusal(Refusal):
    """A file that is not what its manifest says: its whole batch is refused with it."""


@contextmanager
def breaking_the_batch() -> Iterator[None]:
    """What is refused inside contradicts the manifest."""
    try:
        yield
    except Refusal as refusal:
        raise BatchRefusal(refusal.reason) from refusal


def because_of(source_file: str, reason: Text) -> Text:
    """What to say of the other files of a batch."""
    return Text(
        f"同批次的 {source_file} 与清单不符，整批未入库（S8）：{reason.zh}",
        f"{source_file} of the same batch is not what the manifest says; the whole batch was refused (S8): {reason.en}",
    )


@dataclass(frozen=True)
class TakenBack:
    """A load that was recorded and is refused with its batch."""

    load_id: int
    extract: str
    source_file: str
    reason: Text


def close_batches(
    connection: duckdb.DuckDBPyConnection, settings: Settings, broken: dict[str, Text], run_id: str
) -> list[TakenBack]:
    """Close the open batches; the loads of the `broken` ones (by folder in landing) leave the accounts and are refused."""
    taken_back = [
        TakenBack(int(load_id), str(extract), str(source), broken[str(folder)])
        for load_id, extract, source, folder in connection.execute(
            "select load_id, extract, source_file, folder from ops.open_batch inner join ops.load using (load_id) order by 1"
        ).fetchall()
        if str(folder) in broken
    ]
    if not connection.execute("select 1 from ops.open_batch limit 1").fetchone():
        return []
    gone = [one.load_id for one in taken_back]
    files = [
        str(row[0])
        for row in connection.execute(
            "select path from ops.stored_file where list_contains($1::integer[], load_id)", [gone]
        ).fetchall()
    ]
    connection.execute("begin")
    for one in taken_back:
        connection.execute(
            "update ops.file set status = 'refused', reason = $2, run_id = $3 where status = 'loaded' and sha256 = "
            "(select sha256 from ops.load where load_id = $1)",
            [one.load_id, str(one.reason), run_id],
        )
    for table, columns in TABLES.items():
        if gone and columns.startswith("load_id "):
            connection.execute(f"delete from ops.{table} where list_contains($1::integer[], load_id)", [gone])
    if gone:  # other loads may have answered for rows of theirs, and their numbers are given again
        connection.execute("delete from ops.released_row where list_contains($1::integer[], corrects_load_id)", [gone])
    for extract in sorted({one.extract for one in taken_back}):
        answer_again(connection, load_contracts()[extract])
    if gone and connection.execute("select count(*) from ops.load").fetchone() == (0,):
        connection.execute("delete from ops.meta where key in ('province', 'synthetic')")  # told by files that are gone
    connection.execute("delete from ops.open_batch")
    with durable_step("ingest.close_batches"):
        connection.execute("commit")
    for path in files:  # the next run would sweep them
        with durable_step("ingest.remove_taken_back"):
            (settings.home / path).unlink(missing_ok=True)
    return taken_back


def folder_of(file_folder: Path, landing: Path) -> str:
    """A batch's folder as `ops` names it: relative to landing, '.' for landing itself."""
    return told(file_folder, landing)
