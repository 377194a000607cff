"""Files that say which quarantined rows they correct: what they say, and who may say it.

Belongs here: reading the claim, refusing one that the desk has not made. Does not belong here: which rows a load answers for
(`answers.py`), how a person corrects them (`desk/`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb

from dagster_project.ingest.answers import Corrected
from dagster_project.ingest.discover import LandedFile
from dagster_project.ingest.report import Refusal
from dagster_project.ingest.whole_batches import breaking_the_batch
from dagster_project.language import Text


def corrected_rows(file: LandedFile) -> Corrected | None:
    """What the manifest's entry of a file says that it corrects: {"load": number, "rows": [record numbers]}."""
    told: Any = file.entry.get("corrects")
    try:
        return Corrected(int(told["load"]), tuple(int(row) for row in told["rows"]))
    except (TypeError, KeyError, ValueError):
        return None


@dataclass
class Desk:
    """What the desk has handed in, as (SHA-256, load, rows), and the files of the loads that are out."""

    handed_in: set[tuple[str, int, tuple[int, ...]]] = field(default_factory=set)
    taken_out: dict[int, str] = field(default_factory=dict)


def read_desk(connection: duckdb.DuckDBPyConnection) -> Desk:
    """The desk's own record; a warehouse of before it has none."""
    desk = Desk()
    rows = connection.execute("select load_id, source_file from ops.unload where undone_at is null").fetchall()
    desk.taken_out = {int(load_id): str(source) for load_id, source in rows}
    if connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'ops' and table_name = 'handed_in'"
    ).fetchone():
        desk.handed_in = {
            (str(sha), int(load_id), tuple(int(row) for row in records))
            for sha, load_id, records in connection.execute(
                "select sha256, corrects_load_id, source_rows from ops.handed_in"
            ).fetchall()
        }
    return desk


def require_corrected_file(desk: Desk, file: LandedFile, sha: str) -> None:
    """Raise Refusal for a file that says it corrects rows and that the desk has not written: what is held is released by whoever
    looked at it, not by a manifest. And for corrections of a file that has been taken out again: they go and come with it (L31)."""
    if file.entry.get("corrects") is None:
        return
    corrects = corrected_rows(file)
    if corrects is None or (sha, corrects.load_id, corrects.rows) not in desk.handed_in:
        with breaking_the_batch():
            raise Refusal(
                Text(
                    "清单写明它更正隔离区的行（corrects），但它不是本仓库用 bulletin quarantine --take 交回的文件；未入库，隔离的行不变。"
                    "请从清单中删去 corrects，或用 bulletin quarantine --export 导出、改好后 --take 交回（S8、L31）。",
                    "The manifest says that it corrects quarantined rows (corrects), but it is no file that this warehouse's `bulletin "
                    "quarantine --take` handed in; it was not taken in, and what is held stays held. Take `corrects` out of the "
                    "manifest, or export the rows, correct them and hand them in with --take (S8, L31).",
                )
            )
    if (gone := desk.taken_out.get(corrects.load_id)) is not None:
        raise Refusal(
            Text(
                f"它更正的文件 {gone} 已经撤出；取回该文件（bulletin unload --undo）后再次运行即可。",
                f"The file that it corrects, {gone}, has been unloaded; take that back (bulletin unload --undo) and run again.",
            )
        )
