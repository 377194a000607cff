"""Which load a person means: a number, or a file by the name it landed under.

Belongs here: finding it, and what to say when it is none or more than one. Does not belong here: what is done with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from dagster_project.errors import UserError
from dagster_project.ingest.store import UNLOADED
from dagster_project.language import Text
from dagster_project.settings import Settings

_SHOWN = 8


@dataclass(frozen=True)
class Target:
    """A file by its content, with its loads: more than one when rows of it were read again."""

    extract: str
    source_file: str
    sha: str
    loads: list[int] = field(default_factory=list)
    rows: int = 0  # accepted


def find_target(
    connection: duckdb.DuckDBPyConnection, settings: Settings, named: str, unloaded: bool = False
) -> Target:
    """The file that a load number, a path or a file name means, among the loaded (or unloaded) ones.

    Raises UserError (exit 2) when there is none, or when the name was used for several contents.
    """
    side = UNLOADED if unloaded else ""
    loads = connection.execute(
        f"select load_id, extract, source_file, sha256, rows_accepted from ops.{side}load order by load_id"
    ).fetchall()
    if named.isdigit():
        wanted = {str(row[3]) for row in loads if int(row[0]) == int(named)}
    else:
        wanted = _by_name(connection, settings, named) & {str(row[3]) for row in loads}
    found = [row for row in loads if row[3] in wanted]
    if not found and not unloaded and _is_unloaded(connection, settings, named):
        raise UserError(
            Text("这个文件已经撤出。", "This file has been unloaded already."),
            where=named,
            todo=Text("要取回，用 --undo。", "--undo takes it back."),
        )
    if len(wanted) != 1:
        raise _unclear(named, [(int(row[0]), str(row[2])) for row in (found or loads)], bool(found), unloaded)
    return Target(
        str(found[0][1]),
        str(found[0][2]),
        str(found[0][3]),
        [int(row[0]) for row in found],
        sum(row[4] for row in found),
    )


def _is_unloaded(connection: duckdb.DuckDBPyConnection, settings: Settings, named: str) -> bool:
    gone = connection.execute(f"select load_id, sha256 from ops.{UNLOADED}load").fetchall()
    if named.isdigit():
        return int(named) in {int(load_id) for load_id, _ in gone}
    return not _by_name(connection, settings, named).isdisjoint({str(sha) for _, sha in gone})


def _by_name(connection: duckdb.DuckDBPyConnection, settings: Settings, named: str) -> set[str]:
    """Contents that were seen under a name: the whole name first, the file's own name where that says nothing."""
    path = Path(named)
    names = {named, path.as_posix()}
    for landing in (settings.landing, settings.landing.resolve()):
        for whole in (path, path.absolute(), path.parent.resolve() / path.name):
            if whole.is_relative_to(landing):
                names.add(whole.relative_to(landing).as_posix())
    seen = connection.execute(
        "select distinct source_file, sha256 from ops.file where sha256 is not null and status <> 'refused'"
    ).fetchall()
    exact = {str(sha) for source, sha in seen if source in names}
    return exact or {str(sha) for source, sha in seen if Path(str(source)).name == path.name}


def _unclear(named: str, loads: list[tuple[int, str]], several: bool, unloaded: bool) -> UserError:
    shown = "\n".join(f"{load_id}  {source}" for load_id, source in loads[-_SHOWN:])
    if several:
        what = Text(f"“{named}”对应多个入库。", f"“{named}” names several loads.")
    elif unloaded:
        what = Text(f"没有撤出过“{named}”。", f"“{named}” has not been unloaded.")
    else:
        what = Text(f"没有这个入库：“{named}”。", f"There is no such load: “{named}”.")
    return UserError(
        what,
        where=shown,
        todo=Text(
            "用编号指明（上列第一栏；全部编号见 ops.load），或写来源文件夹下的相对路径。",
            "Name it by its number (first column above; all are in ops.load), or by its path in the landing folder.",
        ),
    )
