"""Which load a person means: a number, or a file by the name it landed under.

Belongs here: finding it, and what to say when it is none or more than one. Does not belong here: what is done with it.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.desk.corrections import corrected_load
from dagster_project.errors import UserError
from dagster_project.ingest.store import UNLOADED
from dagster_project.language import Text
from dagster_project.settings import Settings

_SHOWN, _NEAREST = 8, 5  # loads in one message: those of a name, those that could have been meant
_ALIKE = 0.6  # of a name, so that another month, part or suffix of the same extract is


@dataclass(frozen=True)
class Target:
    """A file by its content, with its loads: more than one when rows of it were read again."""

    extract: str
    source_file: str
    sha: str
    loads: list[int] = field(default_factory=list)
    rows: int = 0  # accepted
    corrections: tuple[
        Target, ...
    ] = ()  # rows of it that a person corrected, and rows of these: they go and come with it (L31)

    @property
    def parts(self) -> tuple[Target, ...]:
        """The file itself, then its corrections."""
        return (self, *self.corrections)

    @property
    def every_load(self) -> list[int]:
        """The loads of the file and of its corrections."""
        return [load_id for part in self.parts for load_id in part.loads]


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
    target = _target(found)
    if unloaded:
        _require_corrected_file(connection, target, named)
    return replace(target, corrections=_corrections(connection, target, unloaded))


def _target(found: Sequence[Sequence[Any]]) -> Target:
    """Rows of ops.load of one content as a target."""
    loads, rows = [int(row[0]) for row in found], sum(int(row[4]) for row in found)
    return Target(str(found[0][1]), str(found[0][2]), str(found[0][3]), loads, rows)


def _corrections(connection: duckdb.DuckDBPyConnection, target: Target, unloaded: bool) -> tuple[Target, ...]:
    """What was handed in at the desk for held rows of a file, and for those of these that were held again; of unloaded ones those
    that went out with the file."""
    side = UNLOADED if unloaded else ""
    handed_in = [
        (corrected, row[:5])
        for row in connection.execute(
            f"select load_id, extract, source_file, sha256, rows_accepted, batch from ops.{side}load order by load_id"
        ).fetchall()
        if (corrected := corrected_load(str(row[2]), row[5])) is not None
    ]
    answers = set(
        connection.execute(f"select distinct load_id, corrects_load_id from ops.{side}released_row").fetchall()
    )
    together = {int(row[0]) for row in connection.execute(
        "select load_id from ops.unload where undone_at is null and (run_id, unloaded_at) in "
        "(select (run_id, unloaded_at) from ops.unload where undone_at is null and list_contains($1::integer[], load_id))",
        [target.loads],
    ).fetchall()}  # fmt: skip
    known, found = set(target.loads), []
    # A correction is a later load than what it corrects: one pass in their order finds those of corrections, too.
    for corrected, row in handed_in:
        if corrected in known and (row[0], corrected) in answers and (not unloaded or row[0] in together):
            known.add(int(row[0]))
            found.append(row)
    by_content: dict[str, list[Any]] = {}
    for row in found:
        by_content.setdefault(str(row[3]), []).append(row)
    return tuple(_target(rows) for rows in by_content.values())


def _require_corrected_file(connection: duckdb.DuckDBPyConnection, target: Target, named: str) -> None:
    """A correction comes back with, or after, the file that it corrects."""
    rows = connection.execute(
        f"select load_id, source_file, batch from ops.{UNLOADED}load where list_contains($1::integer[], load_id)",
        [target.loads],
    ).fetchall()
    corrected = {corrected_load(str(source), batch) for _, source, batch in rows}
    gone = connection.execute(
        f"select source_file from ops.{UNLOADED}load where list_contains($1::integer[], load_id)",
        [[load_id for load_id in corrected if load_id is not None]],
    ).fetchone()
    if gone is not None:
        raise UserError(
            Text("这是对另一个文件的更正，那个文件还没有取回。", "This corrects a file that is still out."),
            where=f"{named}: {gone[0]}",
            todo=Text("先取回那个文件（--undo）；同一次撤出的更正会一并取回。",
                      "Take that file back first (--undo); corrections that went out with it come back with it."),
        )  # fmt: skip


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
    shown = loads[-_SHOWN:] if several else _nearest(named, loads)
    listed = [f"{load_id}  {source}" for load_id, source in shown]
    if len(loads) > len(shown):
        listed.append(f"… {len(shown)} / {len(loads)}")
    if several:
        what = Text(f"“{named}”对应多个入库。", f"“{named}” names several loads.")
    elif unloaded:
        what = Text(f"没有撤出过“{named}”。", f"“{named}” has not been unloaded.")
    else:
        what = Text(f"没有这个入库：“{named}”。", f"There is no such load: “{named}”.")
    everything = Text("bulletin deliveries --files 列出全部入库。", "`bulletin deliveries --files` lists every load.")
    todo = Text(
        f"用编号指明（上列第一栏），或写它在来源文件夹下的相对路径；{everything.zh}",
        f"Name it by its number (first column above), or by its path in the landing folder; {everything.en}",
    )
    return UserError(what, where="\n".join(listed), todo=todo if loads else everything)


def _nearest(named: str, loads: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The few loads whose files are called most like it, the likeliest first; the newest where none is."""
    wanted = Path(named).name.casefold()
    alike = difflib.SequenceMatcher(b=wanted)
    scores: list[tuple[float, int, str]] = []
    for load_id, source in loads:
        alike.set_seq1(Path(source).name.casefold())
        if alike.quick_ratio() >= _ALIKE and (score := alike.ratio()) >= _ALIKE:
            scores.append((score, load_id, source))
    likely = [(load_id, source) for _, load_id, source in sorted(scores, reverse=True)]
    return likely[:_NEAREST] or loads[: -_NEAREST - 1 : -1]
