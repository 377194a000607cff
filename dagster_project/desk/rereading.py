"""Held rows read again from the landed file once their code is known: a new load that points to the old one (S1).

A code becomes known when the province maps it, or when the region list that names it comes after the rows.

Belongs here: which rows, reading them, recording the load. Does not belong here: mapping (`codes.py`), intake of whole files.

The data centre delivered these rows then, and what the code means was learnt later, as any definition is: the load has the
delivery time and kind of the one that it points to. So the state is the one of a home that had known the code from the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from dagster_project.desk.codes import columns_of, list_unmapped
from dagster_project.desk.originals import Opened, find_landed, opened
from dagster_project.ingest.answers import Corrected
from dagster_project.ingest.codes import REGIONS, delivered_regions, lawful_regions
from dagster_project.ingest.load import ready, record, scan_file
from dagster_project.ingest.manifest import Manifest
from dagster_project.ingest.report import FileOutcome, Refusal
from dagster_project.ingest.store import literal, refresh_views, rejected_rows
from dagster_project.ingest.versions import settle_versions
from dagster_project.language import Text
from dagster_project.settings import Settings


@dataclass(frozen=True)
class Reread:
    """What became of the held rows of one load."""

    corrects: int
    source_file: str
    outcome: FileOutcome | None
    problem: Text | None = None  # why they could not be read


def known_by_now(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[tuple[str, str]]:
    """(code set, code) of everything that rows are held for and that is known by now."""
    held = [one for one in list_unmapped(connection, settings) if one.is_held]
    regions = lawful_regions(delivered_regions(connection)) if any(one.code_set == REGIONS for one in held) else set()
    return sorted(
        {
            (one.code_set, one.code)
            for one in held
            if one.target or (one.code_set == REGIONS and not regions.isdisjoint({one.code, one.code[:4]}))
        }
    )


def take_again(
    connection: duckdb.DuckDBPyConnection, settings: Settings, wanted: Sequence[tuple[str, str]], run_id: str
) -> list[Reread]:
    """Read the rows held for some (set, code) again, and bring row versions and due months up to them."""
    found = [
        one
        for code_set, code in wanted
        for one in reread_code(connection, settings, columns_of(code_set), code, run_id)
    ]
    settle_versions(connection)
    refresh_views(connection)
    return found


def reread_code(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    columns: Sequence[tuple[str, str]],
    code: str,
    run_id: str,
) -> list[Reread]:
    """Read the rows again that are held for a code in one of some (extract, column); a load of its own for each old load."""
    found: dict[tuple[int, str], list[int]] = {}
    for extract, column in columns:
        for load_id, record_number in connection.execute(
            f"select load_id, source_row from (select load_id, source_row, unnest(rule_ids) as rule_id, unnest(columns) as place, "
            f"unnest(codes) as code from ({rejected_rows(connection, extract)})) where rule_id = 'code_unknown' "
            f"and place = {literal(column)} and code = {literal(code)} order by all"
        ).fetchall():
            found.setdefault((int(load_id), extract), []).append(int(record_number))
    return [
        _reread(connection, settings, load_id, extract, records, run_id)
        for (load_id, extract), records in sorted(found.items())
    ]


def _reread(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    load_id: int,
    extract: str,
    records: list[int],
    run_id: str,
) -> Reread:
    row = connection.execute("select source_file, sha256 from ops.load where load_id = ?", [load_id]).fetchone()
    source, sha = (str(row[0]), str(row[1])) if row else ("", "")
    file = find_landed(connection, settings, sha)
    if file is None:
        gone = Text(
            "来源文件夹里已没有原文件；放回后再运行 bulletin codes reread。",
            "the file as delivered is no longer there; put it back and run bulletin codes reread",
        )
        return Reread(load_id, source, None, gone)
    try:
        with opened(connection, settings, file, extract, f"{run_id}-{load_id}") as landed:
            return Reread(load_id, source, _load(connection, settings, landed, load_id, sha, records, run_id))
    except Refusal as refusal:
        return Reread(load_id, source, None, refusal.reason)


def _load(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    landed: Opened,
    old: int,
    sha: str,
    records: list[int],
    run_id: str,
) -> FileOutcome:
    """The chosen records as a file of their own: scanned as any, recorded beside the load that they come from."""
    told = connection.execute(
        "select delivered_at, delivery, batch, source_file, (select max(load_id) from (select load_id from ops.load union all "
        "select load_id from ops.unload)) from ops.load where load_id = ?",
        [old],
    ).fetchone()
    assert told is not None
    delivered, delivery, batch, source_file, last = told
    connection.execute("create or replace temp table reread_record as select unnest($1::bigint[]) as record", [records])
    source = landed.examined.source
    chosen = f"(select * from {source.relation} where {source.row} in (select record from reread_record))"
    narrow = replace(source, relation=chosen, rows=len(records), misshapen=[], doubts=())
    plan = landed.examined.plan
    plan.source = narrow
    examined = replace(landed.examined, source=narrow)
    result = scan_file(connection, examined, landed.key, int(last) + 1, landed.work)
    # Its batch was judged when the file came: these rows are no file that a manifest could list.
    manifest = Manifest(landed.file.path.parent, str(batch or ""), delivery=str(delivery)) if batch else None
    file = replace(landed.file, source_file=str(source_file), manifest=manifest)
    corrects = Corrected(old, tuple(records))
    prepared = ready(
        connection, file, landed.contract, examined, result, delivered, int(last) + 1, landed.work, corrects
    )
    prepared = replace(prepared, told_as=old)
    status = landed.file.path.stat()
    return record(
        connection, settings, prepared, key=landed.key, digest=sha, size=status.st_size, modified_ns=status.st_mtime_ns,
        run_id=run_id,
    )  # fmt: skip
