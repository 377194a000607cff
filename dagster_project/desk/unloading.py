"""Taking a load out again, and back: its accounts move aside, row versions are settled as if it had never come.

Belongs here: the one transaction of an unload and of its undoing. Does not belong here: which load is meant (`targets.py`),
recomputing (`stages.py`), the command (`verbs/desk.py`).

Raw Parquet is immutable and stays, so that a past state that knew the load can be recalled, and an unload be undone, without
the file. Nothing else of the home reads a load that is not in `ops.load`. The versions of the extract's months are compared
anew and at once: a row that the load alone had superseded comes back, one that something else supersedes too does not.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from dagster_project.contracts import load_contracts
from dagster_project.desk.targets import Target
from dagster_project.durable import durable_step
from dagster_project.errors import UserError
from dagster_project.ingest.answers import answer_again
from dagster_project.ingest.report import unloaded_text
from dagster_project.ingest.store import (
    OF_A_LOAD,
    UNLOADED,
    get_meta,
    home_of,
    raw_files,
    read_files,
    refresh_views,
    set_meta,
)
from dagster_project.ingest.touched import COMPARED, months_compared
from dagster_project.ingest.versions import begin_comparing, compare_months, keep_superseded, note_due, settle_versions
from dagster_project.language import Text
from dagster_project.settings import Settings, now
from dagster_project.warehouse import roll_back

# What the first load of a home decides; forgotten with the last one.
OF_THE_HOME = ("province", "synthetic")


@dataclass
class Moved:
    """What taking a load out, or back, came to."""

    target: Target
    rows_back: int = 0  # rows of other loads that are current again
    rows_gone: int = 0  # rows of other loads that are current no longer
    months: list[int] = field(default_factory=list)  # to rebuild
    months_compared: list[int] = field(default_factory=list)  # whose facts stand and are compared again
    loads_left: int = 0
    answered_by: list[tuple[int, str]] = field(default_factory=list)  # other loads that stand for held rows of it
    vintages: list[str] = field(default_factory=list)  # frozen ones that used the file; they stay as they are


def unload(
    connection: duckdb.DuckDBPyConnection, settings: Settings, target: Target, who: str, reason: str, run_id: str
) -> Moved:
    """Take the loads of a file out, and those of its rows that were corrected at the desk; nothing is changed unless everything
    is."""
    settle_versions(connection)
    # What came again in another file is a delivery of its own and stays until it is taken out itself.
    answered = connection.execute(
        "select distinct load_id, source_file from ops.released_row join ops.load using (load_id) "
        "where list_contains($1::integer[], corrects_load_id) and not list_contains($1::integer[], load_id) order by 1",
        [target.every_load],
    ).fetchall()
    moved = _in_one_transaction(connection, target, who, reason, run_id, back=False)
    moved.answered_by = [(int(load_id), str(source)) for load_id, source in answered]
    moved.vintages = frozen_vintages(settings.publication, target)
    return moved


def undo(
    connection: duckdb.DuckDBPyConnection, settings: Settings, target: Target, who: str, reason: str, run_id: str
) -> Moved:
    """Take unloaded loads back, as they were, with the corrections that went out in the same act.

    Raises UserError when the home has become another's meanwhile.
    """
    settle_versions(connection)
    _require_same_home(connection, target)
    moved = _in_one_transaction(connection, target, who, reason, run_id, back=True)
    moved.vintages = frozen_vintages(settings.publication, target)
    return moved


def frozen_vintages(publication: Path, target: Target) -> list[str]:
    """Year and name of the frozen vintages whose descriptor lists the file, or a correction of it, among its inputs."""
    found, files = [], {part.sha for part in target.parts}
    for path in sorted(publication.glob("*/*/release.json")):
        release = json.loads(path.read_text(encoding="utf-8"))
        if release.get("frozen") and any(entry.get("sha256") in files for entry in release.get("inputs", ())):
            found.append(f"{path.parent.parent.name}/{path.parent.name}")
    return found


def _require_same_home(connection: duckdb.DuckDBPyConnection, target: Target) -> None:
    """The home must be of the province and kind that it was, where both were forgotten with its last load."""
    for key in OF_THE_HOME:
        then = connection.execute(
            f"select any_value({key}) from ops.unload where undone_at is null and list_contains($1::integer[], load_id)",
            [target.every_load],
        ).fetchone()
        known = get_meta(connection, key)
        if then and then[0] is not None and known not in (None, then[0]):
            raise UserError(
                Text(
                    "这个家目录此后装入了另一省份或另一类数据，撤出的文件不能取回。",
                    "This home has since become another province's, or of another kind; the file cannot come back.",
                ),
                where=f"{target.source_file}: {key} {then[0]} / {known}",
                todo=Text("请在另一个家目录里装入该文件。", "Load the file in a home of its own."),
            )


def _in_one_transaction(
    connection: duckdb.DuckDBPyConnection, target: Target, who: str, reason: str, run_id: str, back: bool
) -> Moved:
    months = _months(connection, target)
    moved = Moved(target)
    connection.execute("begin")
    try:
        _note_superseded(connection, target, months, "superseded_before")
        _move_accounts(connection, target, back)
        answer_again(connection, load_contracts()[target.extract])
        _record(connection, target, who, reason, run_id, back)
        _settle_again(connection, target, months)
        _count(connection, target, moved)
        _note_due(connection, target, months, moved)
        refresh_views(connection)
        row = connection.execute("select count(*) from ops.load").fetchone()
        moved.loads_left = int(row[0]) if row else 0
        with durable_step("desk.commit_unload"):
            connection.execute("commit")
    except Exception:
        roll_back(connection)
        raise
    return moved


def _months(connection: duckdb.DuckDBPyConnection, target: Target) -> list[str]:
    either = f"select load_id, month from ops.load_month union all select load_id, month from ops.{UNLOADED}load_month"
    rows = connection.execute(
        f"select distinct month from ({either}) where list_contains($1::integer[], load_id) order by 1",
        [target.every_load],
    ).fetchall()
    return [str(row[0]) for row in rows]


def _note_superseded(connection: duckdb.DuckDBPyConnection, target: Target, months: Sequence[str], table: str) -> None:
    """Superseded rows of the extract's months into a temporary table (load_id, source_row)."""
    files = raw_files(connection, target.extract, list(months)) if months else []
    connection.execute(f"create or replace temp table {table} (load_id integer, source_row bigint)")
    if files:
        connection.execute(
            f"insert into {table} select gone.load_id, gone.source_row from ops.superseded as gone semi join "
            f"(select load_id, source_row from {read_files(files, home_of(connection))}) as here "
            "on here.load_id = gone.load_id and here.source_row = gone.source_row where gone.extract = $1",
            [target.extract],
        )


def _move_accounts(connection: duckdb.DuckDBPyConnection, target: Target, back: bool) -> None:
    source, place = (UNLOADED, "") if back else ("", UNLOADED)
    chosen = "where list_contains($1::integer[], load_id)"
    for table in OF_A_LOAD:
        connection.execute(
            f"insert into ops.{place}{table} by name select * from ops.{source}{table} {chosen}", [target.every_load]
        )
        connection.execute(f"delete from ops.{source}{table} {chosen}", [target.every_load])
    connection.execute(f"delete from ops.built_load {chosen}", [target.every_load])


def _record(
    connection: duckdb.DuckDBPyConnection, target: Target, who: str, reason: str, run_id: str, back: bool
) -> None:
    moment = now()
    if back:
        for key in OF_THE_HOME:
            row = connection.execute(
                f"select any_value({key}) from ops.unload where undone_at is null and list_contains($1::integer[], load_id)",
                [target.every_load],
            ).fetchone()
            if row and row[0] is not None:
                set_meta(connection, key, str(row[0]))
        connection.execute(
            "update ops.unload set undone_at = $2, undone_run_id = $3, undone_by = $4, undone_reason = $5 "
            "where undone_at is null and list_contains($1::integer[], load_id)",
            [target.loads, moment, run_id, who, reason],
        )
    else:
        left = connection.execute("select count(*) from ops.load").fetchone()
        kept: dict[str, str | None] = dict.fromkeys(OF_THE_HOME)
        if left == (0,):
            for key in OF_THE_HOME:
                kept[key] = get_meta(connection, key)
                connection.execute("delete from ops.meta where key = ?", [key])
        for part in target.parts:
            for load_id in part.loads:
                connection.execute(
                    "insert into ops.unload (load_id, extract, source_file, sha256, unloaded_at, run_id, who, reason, province, "
                    "synthetic) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [load_id, part.extract, part.source_file, part.sha, moment, run_id, who, reason, *kept.values()],
                )
    told = Text(f"已取回（{who}：{reason}）", f"taken back ({who}: {reason})") if back else unloaded_text(who, reason)
    connection.execute(
        "insert into ops.file by name select * replace ($2 as seen_at, $3 as run_id, $4 as status, $5 as reason) "
        "from ops.file where list_contains($1::varchar[], sha256) and status in ('loaded', 'duplicate', 'unloaded') "
        "qualify row_number() over (partition by source_file order by seen_at desc) = 1",
        [[part.sha for part in target.parts], moment, run_id, "loaded" if back else "unloaded", str(told)],
    )


def _settle_again(connection: duckdb.DuckDBPyConnection, target: Target, months: list[str]) -> None:
    """Row versions of the extract's months, as if what is loaded now had come all at once."""
    connection.execute(
        "delete from ops.superseded where extract = $1 and (load_id, source_row) in "
        "(select (load_id, source_row) from superseded_before)",
        [target.extract],
    )
    connection.execute(
        "delete from ops.tied_row where (load_id, source_row) in (select (load_id, source_row) from superseded_before)"
    )
    begin_comparing(connection)
    rows = connection.execute("select load_id from ops.load where extract = $1", [target.extract]).fetchall()
    everything = [int(row[0]) for row in rows]
    compare_months(connection, load_contracts()[target.extract], months, everything, home_of(connection))
    keep_superseded(connection)
    connection.execute(
        "create or replace temp table changed_row as select coalesce(b.load_id, n.load_id) as load_id, "
        "coalesce(b.source_row, n.source_row) as source_row, n.load_id is null as is_back from superseded_before as b "
        "full join (select distinct load_id, source_row from newly_superseded) as n "
        "on n.load_id = b.load_id and n.source_row = b.source_row where b.load_id is null or n.load_id is null"
    )
    connection.execute(
        "update ops.load set rows_superseded = (select count(*) from ops.superseded as s where s.load_id = load.load_id) "
        "where extract = $1 and (load_id in (select load_id from changed_row) or list_contains($2::integer[], load_id))",
        [target.extract, target.every_load],
    )


def _count(connection: duckdb.DuckDBPyConnection, target: Target, moved: Moved) -> None:
    row = connection.execute(
        "select count(*) filter (is_back), count(*) filter (not is_back) from changed_row "
        "where not list_contains($1::integer[], load_id)",
        [target.every_load],
    ).fetchone()
    moved.rows_back, moved.rows_gone = (int(row[0]), int(row[1])) if row else (0, 0)


def _note_due(connection: duckdb.DuckDBPyConnection, target: Target, months: list[str], moved: Moved) -> None:
    """Months of settlements among the rows that came or went, and of settlements that such parts and lines name."""
    due = {int(month): {"unloaded"} for month in months} if target.extract == "setl_d" else {}
    compared: dict[int, set[str]] = {}
    if target.extract in COMPARED:
        files = [
            str(row[0])
            for row in connection.execute(
                "select raw_file from (select load_id, raw_file from ops.load_month union all "
                f"select load_id, raw_file from ops.{UNLOADED}load_month) where list_contains($1::integer[], load_id) "
                "or load_id in (select load_id from changed_row) order by 1",
                [target.every_load],
            ).fetchall()
        ]
        own = ", ".join(str(load_id) for load_id in target.every_load)
        if files:
            rows = (
                f"(select raw.* from {read_files(files, home_of(connection))} as raw where raw.load_id in ({own}) "
                "or (raw.load_id, raw.source_row) in (select (load_id, source_row) from changed_row))"
            )
            compared = months_compared(connection, {target.extract: rows}, home_of(connection), due)
    note_due(connection, due, compared)
    moved.months, moved.months_compared = sorted(due), sorted(compared)
