"""Deliveries without a manifest: the warehouse writes down what it read, and a person confirms it (S8).

Belongs here: the record in `ops` and as a readable file in the home, who confirmed it and when. Does not belong here: the sums
(`controls.py`), manifests of the data centre (`manifest.py`), printing (`verbs/deliveries.py`).

The file HOME/manifests/<folder>.json has the form of a manifest, so that it can be sent to the data centre, compared with its own
list, or put beside the delivered files. A record that nobody has confirmed is a finding and blocks nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.contracts import load_contracts
from dagster_project.durable import durable_step
from dagster_project.errors import UserError
from dagster_project.ingest.archives import told
from dagster_project.ingest.discover import LandedFile
from dagster_project.language import Text
from dagster_project.settings import Settings, now

MANIFEST, OWN = "manifest", "warehouse"  # who told rows and sums


@dataclass(frozen=True)
class Unconfirmed:
    """The files of a folder that nobody has confirmed."""

    folder: str
    files: int
    rows: int
    money: Decimal
    first: datetime
    last: datetime


def row_of(load_id: int, file: LandedFile, landing: Path) -> list[object]:
    """The row of ops.load_control of a load: its folder in landing, '.' for landing itself, and who told its numbers."""
    told_by = MANIFEST if file.entry or file.archive_entry else OWN
    folder = told(file.path.parent, landing)
    return [load_id, folder, told_by, None, None]


def tell_as(connection: duckdb.DuckDBPyConnection, load_id: int, other: int) -> None:
    """Rows of a file that are read again stand under whatever the file stood under; inside the caller's transaction."""
    connection.execute(
        "update ops.load_control set told_by = other.told_by, confirmed_by = other.confirmed_by, confirmed_at = other.confirmed_at "
        "from (select * from ops.load_control where load_id = $2) as other where load_control.load_id = $1",
        [load_id, other],
    )


def unconfirmed(connection: duckdb.DuckDBPyConnection) -> list[Unconfirmed]:
    """Folders with unconfirmed files, oldest first; the money is that of each extract's own amount column."""
    money = [contract.money for contract in load_contracts().values() if contract.money]
    rows = connection.execute(
        "with worth as (select load_id, sum(total) as money from ops.control_total inner join ops.load using (load_id) where "
        "(extract, column_name) in (select unnest($1::varchar[]), unnest($2::varchar[])) group by load_id) "
        "select folder, count(*), sum(rows_read), coalesce(sum(money), 0), min(loaded_at), max(loaded_at) "
        "from ops.load_control inner join ops.load using (load_id) left join worth using (load_id) "
        f"where told_by = '{OWN}' and confirmed_at is null group by folder order by 5, 1",
        [[contract.name for contract in load_contracts().values() if contract.money], money],
    ).fetchall()
    return [Unconfirmed(str(r[0]), int(r[1]), int(r[2]), Decimal(r[3]), r[4], r[5]) for r in rows]


def confirm(connection: duckdb.DuckDBPyConnection, settings: Settings, folder: str, by: str) -> int:
    """Record that a person stands for the files of a folder that nobody had confirmed; returns how many.

    Raises UserError (exit 2) for no name and for a folder without such files.
    """
    name, folder = by.strip(), folder.strip("/") or "."
    if not name:
        raise UserError(
            Text("请写明由谁确认。", "Say who confirms."),
            where="--by",
            todo=Text(f"bulletin manifest confirm {folder} --by 姓名", f"bulletin manifest confirm {folder} --by NAME"),
        )
    waiting = [one.folder for one in unconfirmed(connection)]
    if folder not in waiting:
        raise UserError(
            Text(f"批次 {folder} 没有待确认的文件。", f"Batch {folder} has no file that waits for being confirmed."),
            where="bulletin manifest confirm",
            todo=Text(f"待确认的批次：{'、'.join(waiting) or '无'}。", f"Waiting: {', '.join(waiting) or 'none'}."),
        )
    with durable_step("manifest.confirm"):
        changed = connection.execute(
            "update ops.load_control set confirmed_by = $2, confirmed_at = $3 "
            f"where folder = $1 and told_by = '{OWN}' and confirmed_at is null",
            [folder, name, now()],
        ).fetchone()
    write_records(connection, settings, [folder])
    return int(changed[0]) if changed else 0


def write_records(
    connection: duckdb.DuckDBPyConnection, settings: Settings, folders: Sequence[str] | None = None
) -> list[Path]:
    """Write the readable records anew where they have changed, of all folders by default; returns those written."""
    found: dict[str, list[dict[str, Any]]] = {}
    for folder, source, extract, rows, accepted, sha, loaded, by, at, sums in connection.execute(
        "with sums as (select load_id, list((column_name, total) order by column_name) as sums from ops.control_total group by 1) "
        "select folder, source_file, extract, rows_read, rows_accepted, sha256, loaded_at, confirmed_by, confirmed_at, sums "
        f"from ops.load_control inner join ops.load using (load_id) left join sums using (load_id) where told_by = '{OWN}' "
        "and ($1 is null or list_contains($1::varchar[], folder)) order by folder, source_file, load_id",
        [list(folders) if folders is not None else None],
    ).fetchall():
        prefix = "" if folder == "." else f"{folder}/"
        found.setdefault(str(folder), []).append(
            {
                "file": str(source).removeprefix(prefix), "rows": rows, "sha256": sha,
                "sums": {name: _text(total) for name, total in sums or ()}, "extract": extract, "rows_accepted": accepted,
                "loaded_at": f"{loaded.isoformat()}Z", "confirmed_by": by, "confirmed_at": f"{at.isoformat()}Z" if at else None,
            }
        )  # fmt: skip
    written = []
    for folder, files in found.items():
        content = {"batch": folder, "told_by": "仓库自录 / written by the warehouse", "files": files}
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        path = settings.home / "manifests" / f"{'_' if folder == '.' else folder.replace('/', '__')}.json"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".part")
        draft.write_text(text, encoding="utf-8")
        with durable_step("manifest.rename"):
            draft.replace(path)
        written.append(path)
    return written


def _text(total: Decimal) -> str:
    """A sum without the zeros that its column type adds."""
    shown = f"{total:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown
