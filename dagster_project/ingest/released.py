"""Quarantined rows that a later load answers for: it holds their keys now, or says itself which rows it corrects.

Belongs here: finding these rows, pointing from the load to them, taking their counts off. Does not belong here: how a person
corrects them (`desk/`), the quarantine's own files, which are never written again.

What an account says of a load stays as it was; the later load brings counts below zero for the rows that it answers for. Sums
over loads are those of the rows that are still open, and all of it goes with the load should that be taken out again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.contracts import Contract
from dagster_project.ingest import values
from dagster_project.ingest.codes import REGIONS
from dagster_project.ingest.discover import LandedFile
from dagster_project.ingest.report import Refusal
from dagster_project.ingest.store import literal, rejected_rows
from dagster_project.ingest.superseding import version_of
from dagster_project.ingest.whole_batches import breaking_the_batch
from dagster_project.language import Text


@dataclass(frozen=True)
class Corrected:
    """A load, and those of its quarantined rows that are delivered again, by `source_row`; None: all whose keys come back."""

    load_id: int
    rows: tuple[int, ...]


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


# Earlier loads of deliveries that are not known to be later than that of load $1.
_NOT_LATER = (
    "select earlier.load_id from ops.load as earlier, ops.load as this where this.load_id = $1 and earlier.load_id < $1 "
    "and coalesce(earlier.delivered_at <= this.delivered_at, true)"
)


def release_rows(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    load_id: int,
    files: Sequence[Path],
    corrects: Corrected | None = None,
) -> int:
    """Note the open rows that a load answers for, and their counts; inside the caller's transaction. Returns their number.

    By key where the key can be read in quarantine: an identifier is masked there, so registers of persons need to be told. What was
    delivered before a held row, and only came later, does not answer for it, nor does an older version of it (S5): that would lose
    against the held row, could this be read.
    """
    before = connection.execute(
        "select count(*) from ops.load where extract = $1 and load_id < $2 and rows_quarantined > 0",
        [contract.name, load_id],
    ).fetchone()
    if before == (0,):
        return 0
    connection.execute("create or replace temp table released_now (load_id integer, source_row bigint)")
    held = rejected_rows(connection, contract.name)
    if corrects is not None:
        connection.execute(
            f"insert into released_now select load_id, source_row from ({held}) where load_id = $1 "
            "and list_contains($2::bigint[], source_row)",
            [corrects.load_id, list(corrects.rows)],
        )
    if files and not any(contract.column(name).is_identifier for name in contract.identity):
        by_version = [] if contract.version_by == "delivery" else [contract.version_by]
        cells = ", ".join(_cell(contract, name) for name in [*contract.identity, *by_version])
        same = " and ".join(f'held."{name}" = raw."{name}"' for name in contract.identity)
        here = ", ".join(literal(file) for file in files)
        connection.execute(
            f"insert into released_now select distinct held.load_id, held.source_row from (select *, {version_of(contract)} as version "
            f"from (select load_id, source_row, {cells} from ({held}) where load_id in ({_NOT_LATER}))) as held "
            f"inner join (select *, {version_of(contract)} as version from read_parquet([{here}], hive_partitioning = false)) as raw "
            f"on {same} and coalesce(raw.version >= held.version, held.version is null) "
            "anti join released_now as told on told.load_id = held.load_id and told.source_row = held.source_row",
            [load_id],
        )
    return _take_off(connection, contract, load_id, held)


def _cell(contract: Contract, name: str) -> str:
    """A cell of a held row in the type of raw, null where it is what broke."""
    text = f"json_extract_string(row_text, '$.\"{name}\"')"
    column = contract.column(name)
    if column.type == "varchar":
        return f'{text} as "{name}"'
    return f'{values.typed(text, "VARCHAR", column, {})} as "{name}"'


def _take_off(connection: duckdb.DuckDBPyConnection, contract: Contract, load_id: int, held: str) -> int:
    """Point to the released rows, and bring their counts below zero."""
    connection.execute(
        f"create or replace temp table released_text as select held.* from ({held}) as held semi join released_now as now "
        "on now.load_id = held.load_id and now.source_row = held.source_row"
    )
    row = connection.execute("select count(*) from released_text").fetchone()
    if not row or not row[0]:
        return 0
    connection.execute("insert into ops.released_row select $1, load_id, source_row from released_text", [load_id])
    reasons = "(select unnest(rule_ids) as rule_id, unnest(columns) as column_name, unnest(codes) as code, money from released_text)"
    connection.execute(
        f"insert into ops.rule_count select $1, $2, rule_id, column_name, 'error', -count(*), 0, -coalesce(sum(money), 0) "
        f"from {reasons} group by rule_id, column_name",
        [load_id, contract.name],
    )
    is_code = "list_contains(rule_ids, 'code_unknown')"
    for kind, condition in (("row_rule", "list_distinct(rule_ids) <> ['code_unknown']"), ("code_unknown", is_code)):
        connection.execute(
            f"insert into ops.row_concerned select $1, $2, $3, 'error', -count(*) from released_text where {condition} "
            "having count(*) > 0",
            [load_id, contract.name, kind],
        )
    sets = {column.name: column.code_set or REGIONS for column in contract.columns}
    named = " ".join(f"when {literal(name)} then {literal(code_set)}" for name, code_set in sets.items())
    connection.execute(
        f"insert into ops.unmapped_code select $1, $2, column_name, case column_name {named} end, code, -count(*), "
        f"-coalesce(sum(money), 0) from {reasons} where rule_id = 'code_unknown' and code is not null "
        "group by column_name, code",
        [load_id, contract.name],
    )
    return int(row[0])
