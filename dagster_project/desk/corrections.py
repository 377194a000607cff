"""Corrected rows back into the landing folder: one file an old load, which says which rows of it it corrects.

Belongs here: what a person changed, the file and its manifest. Does not belong here: the workbook (`quarantine_book.py`), taking
the file in, which is intake's as for any other file.

Cells that are masked in quarantine are read from the landed file again, so that a row can be corrected by somebody who may not
see whose it is. A row in which nothing was changed stays where it is.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.china_time import in_china
from dagster_project.desk.originals import Cells, find_landed, opened, read_records
from dagster_project.desk.quarantine import MASKED, HeldRow, read_held
from dagster_project.durable import durable_step
from dagster_project.errors import UserError
from dagster_project.ingest.report import Refusal
from dagster_project.ingest.store import append, get_meta
from dagster_project.language import Text
from dagster_project.settings import Settings, now

# What a batch of corrections and its files are called: `ops.load` keeps both names, whatever becomes of the files.
_BATCH, _FILE = re.compile(r"corrected_[0-9]{8}_[0-9a-f]{8}"), re.compile(r".+_corrects_([0-9]+)\.csv")


@dataclass(frozen=True)
class Answered:
    """Rows of a workbook that wait no longer: the load that answers for them, when it came, how many rows of it are held in turn."""

    load_id: int
    source_file: str
    loaded_at: datetime
    rows: int
    held: int


@dataclass
class Landed:
    """What was landed of a workbook: the batch folder, changed rows by old load, rows that were left as they are."""

    folder: Path | None = None
    corrected: dict[int, int] = field(default_factory=dict)
    unchanged: int = 0
    settled: list[str] = field(default_factory=list)  # references that wait no longer, or never did
    answered: list[Answered] = field(default_factory=list)  # loads that answer for such references


def corrected_load(source_file: str, batch: str | None) -> int | None:
    """The load that a file handed in at the desk corrects, by its name and its batch; None for any other file."""
    name = _FILE.fullmatch(source_file.rpartition("/")[2])
    return int(name.group(1)) if name and _BATCH.fullmatch(batch or "") else None


def land_corrections(
    connection: duckdb.DuckDBPyConnection, settings: Settings, book: Mapping[str, Cells], name: str, run_id: str
) -> Landed:
    """Write the corrected rows of a workbook as a batch of their own below the landing folder.

    Raises UserError (exit 2) when the landed file of a corrected row is no longer there: without it the masked cells are lost.
    """
    landed = Landed()
    held = {row.reference: row for row in read_held(connection)}
    changed: dict[int, dict[int, Cells]] = {}
    for reference, cells in book.items():
        row = held.get(reference)
        if row is None:
            landed.settled.append(reference)
        elif not (edits := _edits(row, cells)):
            landed.unchanged += 1
        else:
            changed.setdefault(row.load_id, {})[row.source_row] = edits
    landed.answered = _answered(connection, landed.settled, [row.load_id for row in held.values()])
    if not changed:
        return landed
    extracts = {row.load_id: row.extract for row in held.values()}
    records = {
        load_id: _overlaid(connection, settings, load_id, extracts[load_id], edits, run_id)
        for load_id, edits in sorted(changed.items())
    }
    landed.corrected = {load_id: len(rows) for load_id, rows in records.items()}
    landed.folder = _write(connection, settings, records, extracts, name)
    return landed


def _answered(connection: duckdb.DuckDBPyConnection, references: Sequence[str], held: Sequence[int]) -> list[Answered]:
    """The loads that answer for some references, in the order in which they came; `held` are the loads of the open rows."""
    pairs = [reference.split(":") for reference in references if re.fullmatch("[0-9]{1,9}:[0-9]{1,18}", reference)]
    rows = connection.execute(
        "select load_id, source_file, loaded_at, count(*) from ops.released_row join ops.load using (load_id) semi join "
        "(select unnest($1::integer[]) as corrects_load_id, unnest($2::bigint[]) as source_row) as wanted "
        "using (corrects_load_id, source_row) group by all order by all",
        [[int(load_id) for load_id, _ in pairs], [int(record) for _, record in pairs]],
    ).fetchall()
    return [
        Answered(int(load_id), str(source), moment, int(count), held.count(int(load_id)))
        for load_id, source, moment, count in rows
    ]


def _edits(row: HeldRow, cells: Cells) -> Cells:
    """Cells that a person changed; one that still shows the mask was not."""
    known = {name: cells[name] for name in cells if name and cells[name] != MASKED}
    return {
        name: cell for name, cell in known.items() if cell != row.cells.get(name, "") and row.cells.get(name) != MASKED
    } | {name: cell for name, cell in known.items() if row.cells.get(name) == MASKED and cell}


def _overlaid(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    load_id: int,
    extract: str,
    edits: dict[int, Cells],
    run_id: str,
) -> dict[int, Cells]:
    """The records as delivered with the changed cells in them; an identifier that is the delivered one changes nothing."""
    row = connection.execute("select sha256, source_file from ops.load where load_id = ?", [load_id]).fetchone()
    sha, source = (str(row[0]), str(row[1])) if row else ("", "")
    file = find_landed(connection, settings, sha)
    if file is None:
        raise UserError(
            Text(
                "更正需要原文件，来源文件夹里已没有它。",
                "Correcting needs the file as delivered, which is no longer there.",
            ),
            where=str(settings.landing / source),
            todo=Text("把原文件放回来源文件夹后重试。", "Put it back into the landing folder and try again."),
        )
    try:
        with opened(connection, settings, file, extract, run_id) as found:
            originals = read_records(connection, found, list(edits))
    except Refusal as refusal:
        raise UserError(refusal.reason, where=source) from refusal
    return {record: {**originals.get(record, {}), **cells} for record, cells in sorted(edits.items())}


def _write(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    records: dict[int, dict[int, Cells]],
    extracts: dict[int, str],
    name: str,
) -> Path:
    """A batch folder with one CSV a load and a manifest; it comes whole or not at all."""
    moment = in_china(now())  # data and their manifests carry China time
    content = hashlib.sha256(json.dumps(records, sort_keys=True).encode()).hexdigest()[:8]
    folder = settings.landing / f"corrected_{moment:%Y%m%d}_{content}"
    if folder.exists():
        raise UserError(
            Text("这些更正已经交回过。", "These corrections have been handed in before."),
            where=str(folder),
            todo=Text("运行 bulletin run 入库。", "Take them in with bulletin run."),
        )
    part = settings.landing / f".{folder.name}.{os.getpid()}"
    part.mkdir(parents=True, mode=0o700, exist_ok=True)
    files: list[dict[str, Any]] = []
    for load_id, rows in records.items():
        columns = sorted({column for cells in rows.values() for column in cells})
        path = part / f"{extracts[load_id]}_corrects_{load_id}.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns, restval="")
            writer.writeheader()
            writer.writerows(rows.values())
        corrects = {"load": load_id, "rows": list(rows)}
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        files.append({"file": path.name, "rows": len(rows), "sha256": digest, "corrects": corrects})
    told: dict[str, Any] = {
        "batch": folder.name,
        "extracted_at": moment.isoformat(timespec="seconds"),
        "delivery": "increment",
        "files": files,
    }
    told |= {"synthetic": get_meta(connection, "synthetic") == "true", "corrected_from": name}
    if (province := get_meta(connection, "province")) is not None:
        told["province"] = province
    # Before the folder is there: a run may find it at once, and believes only what is written down here.
    with durable_step("desk.note_correction"):
        append(
            connection,
            "handed_in",
            [[f["sha256"], f["corrects"]["load"], f["corrects"]["rows"], folder.name, now()] for f in files],
        )
    (part / "manifest.json").write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    with durable_step("desk.land_correction"):
        part.replace(folder)
    return folder
