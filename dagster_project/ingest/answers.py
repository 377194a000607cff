"""Quarantined rows that another load answers for: it holds their keys, or says itself which rows it corrects.

Belongs here: finding these rows, pointing from the load to them, taking their counts off. Does not belong here: who may say that
a file corrects rows (`released.py`), how a person corrects them (`desk/`), the quarantine's own files, which are never written
again.

What an account says of a load stays as it was; the load that answers brings counts below zero for these rows. Sums over loads are
those of the rows that are still open, and all of it goes with the load should that be taken out again. The order of loading
decides nothing: a load is asked both ways, which held rows it answers for and who answers for its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from dagster_project.contracts import Contract
from dagster_project.ingest import values
from dagster_project.ingest.codes import REGIONS
from dagster_project.ingest.store import home_of, literal, quarantined_rows, raw_files, read_files, rejected_rows
from dagster_project.ingest.superseding import version_of


@dataclass(frozen=True)
class Corrected:
    """A load, and those of its quarantined rows that are delivered again, by `source_row`."""

    load_id: int
    rows: tuple[int, ...]


def release_rows(
    connection: duckdb.DuckDBPyConnection, contract: Contract, load_id: int, corrects: Corrected | None = None
) -> None:
    """Note the open rows that a load answers for, those of its own that others answer for, and their counts; inside the
    caller's transaction, the load being on record."""
    held = connection.execute(
        "select coalesce(bool_or(load_id <> $2), false), coalesce(bool_or(load_id = $2), false) from ops.load "
        "where extract = $1 and rows_quarantined > 0",
        [contract.name, load_id],
    ).fetchone()
    of_others, of_its_own = held or (False, False)
    if not of_others and not of_its_own:
        return
    _begin(connection)
    if corrects is not None:
        connection.execute(
            f"insert into released_now select $1, load_id, source_row from ({rejected_rows(connection, contract.name)}) "
            "where load_id = $2 and list_contains($3::bigint[], source_row)",
            [load_id, corrects.load_id, list(corrects.rows)],
        )
    if of_others:
        _by_key(
            connection,
            contract,
            f"load_id <> {int(load_id)}",
            _files(connection, contract, f"load_id = {int(load_id)}"),
        )
    if of_its_own:
        not_before = (
            f"load_id in (select other.load_id from ops.load as other, ops.load as this where this.load_id = {int(load_id)} "
            "and other.load_id <> this.load_id and coalesce(this.delivered_at <= other.delivered_at, true))"
        )
        _by_key(connection, contract, f"load_id = {int(load_id)}", _files(connection, contract, not_before))
    connection.execute("insert into ops.released_row select * from released_now")
    _take_off(connection, contract)


def answer_again(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Bring answers and counts of an extract up to the loads that are in now; inside the caller's transaction.

    Of a file that is taken out, its keys may be answered by another one; one that is taken back may answer for rows that were
    read again meanwhile: a row has one answer, whoever else could give it.
    """
    _begin(connection)
    _by_key(connection, contract, "true", raw_files(connection, contract.name))
    connection.execute("insert into ops.released_row select * from released_now")
    for table, count in (("rule_count", "unexpected"), ("row_concerned", '"rows"'), ("unmapped_code", '"rows"')):
        connection.execute(f"delete from ops.{table} where extract = $1 and {count} < 0", [contract.name])
    _begin(connection)
    connection.execute(
        "insert into released_now select min(load_id), corrects_load_id, source_row from ops.released_row group by all"
    )
    _take_off(connection, contract)


def _begin(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "create or replace temp table released_now (by_load_id integer, load_id integer, source_row bigint)"
    )


def _files(connection: duckdb.DuckDBPyConnection, contract: Contract, condition: str) -> list[str]:
    rows = connection.execute(
        f"select raw_file from ops.load_month where extract = $1 and {condition} order by all", [contract.name]
    ).fetchall()
    return [str(row[0]) for row in rows]


def _by_key(connection: duckdb.DuckDBPyConnection, contract: Contract, condition: str, files: Sequence[str]) -> None:
    """Add to `released_now` the open rows of some loads whose keys lie in some files of raw.

    By key where the key can be read in quarantine: an identifier is masked there, so registers of persons need to be told. What was
    delivered before a held row, and only came later, does not answer for it, nor does an older version of it (S5): that would lose
    against the held row, could this be read. Of equal ones the row that can be read stands, whichever came first.
    """
    if not files or any(contract.column(name).is_identifier for name in contract.identity):
        return
    by_version = [] if contract.version_by == "delivery" else [contract.version_by]
    cells = ", ".join(_cell(contract, name) for name in [*contract.identity, *by_version])
    same = " and ".join(f'held."{name}" = raw."{name}"' for name in contract.identity)
    connection.execute(
        "insert into released_now select min(raw.load_id), held.load_id, held.source_row from "
        f"(select *, {version_of(contract)} as version from (select load_id, source_row, {cells} "
        f"from ({rejected_rows(connection, contract.name)}) where {condition})) as held "
        f"inner join (select *, {version_of(contract)} as version from {read_files(list(files), home_of(connection))}) as raw "
        f"on {same} and raw.load_id <> held.load_id and coalesce(raw.version >= held.version, held.version is null) "
        "inner join ops.load as earlier on earlier.load_id = held.load_id inner join ops.load as later on later.load_id = raw.load_id "
        "anti join released_now as told on told.load_id = held.load_id and told.source_row = held.source_row "
        "where coalesce(earlier.delivered_at <= later.delivered_at, true) group by held.load_id, held.source_row"
    )


def _cell(contract: Contract, name: str) -> str:
    """A cell of a held row in the type of raw, null where it is what broke."""
    text = f"json_extract_string(row_text, '$.\"{name}\"')"
    column = contract.column(name)
    if column.type == "varchar":
        return f'{text} as "{name}"'
    return f'{values.typed(text, "VARCHAR", column, {})} as "{name}"'


def _take_off(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Bring the counts of the rows in `released_now` below zero, as counts of the loads that answer."""
    connection.execute(
        f"create or replace temp table released_text as select now.by_load_id, held.* exclude (load_id) "
        f"from ({quarantined_rows(connection, contract.name)}) as held inner join released_now as now "
        "on now.load_id = held.load_id and now.source_row = held.source_row"
    )
    if connection.execute("select count(*) from released_text").fetchone() == (0,):
        return
    reasons = (
        "(select by_load_id, unnest(rule_ids) as rule_id, unnest(columns) as column_name, unnest(codes) as code, money "
        "from released_text)"
    )
    connection.execute(
        f"insert into ops.rule_count select by_load_id, $1, rule_id, column_name, 'error', -count(*), 0, -coalesce(sum(money), 0) "
        f"from {reasons} group by by_load_id, rule_id, column_name",
        [contract.name],
    )
    is_code = "list_contains(rule_ids, 'code_unknown')"
    for kind, condition in (("row_rule", "list_distinct(rule_ids) <> ['code_unknown']"), ("code_unknown", is_code)):
        connection.execute(
            f"insert into ops.row_concerned select by_load_id, $1, $2, 'error', -count(*) from released_text where {condition} "
            "group by by_load_id",
            [contract.name, kind],
        )
    sets = {column.name: column.code_set or REGIONS for column in contract.columns}
    named = " ".join(f"when {literal(name)} then {literal(code_set)}" for name, code_set in sets.items())
    connection.execute(
        f"insert into ops.unmapped_code select by_load_id, $1, column_name, case column_name {named} end, code, -count(*), "
        f"-coalesce(sum(money), 0) from {reasons} where rule_id = 'code_unknown' and code is not null "
        "group by by_load_id, column_name, code",
        [contract.name],
    )
