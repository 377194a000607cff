"""`bulletin quarantine --export`: where the workbook goes, what it holds, and what is said of it.

Belongs here: the place that a person named, the steps of the export. Does not belong here: the form of the workbook
(`desk/quarantine_book.py`), which rows are held (`desk/quarantine.py`).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

import duckdb

from dagster_project import handing_out
from dagster_project.china_time import today
from dagster_project.desk import quarantine, quarantine_book
from dagster_project.desk.originals import find_landed, opened, read_records
from dagster_project.desk.quarantine import HeldRow
from dagster_project.errors import UserError
from dagster_project.ingest.report import Refusal
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.terminal import say

_SUFFIX = ".xlsx"


def place_for(to: Path) -> Path:
    """The file that a workbook is written to: `to`, or a name with the day of it where that is a folder.

    Raises UserError (exit 2) for a folder that is not there or not to be written to, and for a name of another form.
    """
    place = to / f"quarantine_{today():%Y%m%d}{_SUFFIX}" if to.is_dir() else to
    if place.suffix.lower() != _SUFFIX:
        raise UserError(
            Text("隔离区导出为 xlsx 工作簿，文件名须以 .xlsx 结尾。", "The quarantine is exported as a workbook: its name ends in .xlsx."),
            where=str(place),
            todo=Text(f"例如 {place.stem or 'quarantine'}.xlsx。", f"Such as {place.stem or 'quarantine'}.xlsx."),
        )  # fmt: skip
    handing_out.require_place(place)
    return place


def export(
    connection: duckdb.DuckDBPyConnection, settings: Settings, extract: str | None, place: Path, originals: bool
) -> None:
    """Write the open rows to a workbook, over an older one of the same name, and say what was written."""
    rows = quarantine.read_held(connection, extract, quarantine_book.MOST_ROWS)
    shown, gone = _originals(connection, settings, rows) if originals else ({}, [])
    older = Text("，替换了原有的同名文件", ", over the older file of that name") if place.exists() else Text("", "")
    quarantine_book.write_book(place, rows, shown)
    say(
        Text(
            f"已导出 {len(rows):,} 行：{place}（出错的单元格标红，批注写明规则）{older.zh}",
            f"{len(rows):,} rows exported: {place} (the cell that broke is red, its comment names the rule){older.en}",
        ),
        settings.language,
    )
    if originals:
        say(
            Text(
                "含个人标识原值，仅限经办人使用，用后删除。",
                "It holds identifiers of persons as delivered: for whoever corrects them alone; delete it afterwards.",
            ),
            settings.language,
        )
    for line in gone:
        say(line, settings.language)


def _originals(
    connection: duckdb.DuckDBPyConnection, settings: Settings, rows: Sequence[HeldRow]
) -> tuple[dict[str, dict[str, str]], list[Text]]:
    """Cells as delivered by reference, and what to say of the files that cannot be asked any more."""
    wanted: dict[int, list[HeldRow]] = {}
    for row in rows:
        wanted.setdefault(row.load_id, []).append(row)
    shown: dict[str, dict[str, str]] = {}
    gone = []
    for load_id, held in wanted.items():
        source = held[0].source_file
        found = connection.execute("select sha256 from ops.load where load_id = ?", [load_id]).fetchone()
        file = find_landed(connection, settings, str(found[0])) if found else None
        if file is None:
            gone.append(
                Text(
                    f"  来源文件夹里已没有 {source}，其标识仍以 *** 代替。",
                    f"  {source} is no longer there; its identifiers stay masked.",
                )
            )
            continue
        try:
            with opened(connection, settings, file, held[0].extract, str(uuid.uuid4())) as landed:
                cells = read_records(connection, landed, [row.source_row for row in held])
        except Refusal as refusal:
            gone.append(
                Text(
                    f"  {source} 读不出来，其标识仍以 *** 代替：{refusal.reason.zh}",
                    f"  {source} cannot be read; its identifiers stay masked: {refusal.reason.en}",
                )
            )
            continue
        shown |= {row.reference: cells[row.source_row] for row in held if row.source_row in cells}
    return shown, gone
