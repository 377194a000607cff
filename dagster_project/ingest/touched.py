"""Months of settlements that a delivery makes due (core decision 4).

Belongs here: own months, partners by link, rows of one encounter, and the months whose settlements are compared with their
fund split and charge lines again. Does not belong here: months that are due because a reference table or a definition
changed; those the warehouse finds itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import duckdb

from dagster_project.ingest.codes import code_sets
from dagster_project.ingest.store import literal, raw_files, read_files

# Roll-ups of care types whose settlements can be parts of one stay.
STAY_GROUPS = ("inpatient", "maternity_inpatient", "emergency", "home_bed")
# Extracts that settlements are compared with and no fact is made of, with the reason that they make a month due for.
COMPARED = {"setl_fund_sbit_d": "fund_split", "fee_list_d": "charge_line"}


def touch_months(
    connection: duckdb.DuckDBPyConnection, pending: dict[str, list[int]], home: Path | None
) -> dict[int, set[str]]:
    """Months of settlements to rebuild for the pending loads and the temporary table newly_superseded, with the reasons.

    A month has rows of its own in the `delivery`, a row that is no longer current (`corrected`), a `partner` of a changed
    row by reversal, or a row of the same `encounter`.
    """
    reasons: dict[str, set[str]] = {}

    def due(reason: str, found: Iterable[str]) -> None:
        for month in found:
            reasons.setdefault(month, set()).add(reason)

    own = "select distinct month from ops.load_month where extract = 'setl_d' and list_contains($1::integer[], load_id)"
    due("delivery", (str(m) for (m,) in connection.execute(own, [pending.get("setl_d", [])]).fetchall()))
    gone = connection.execute("select distinct month from newly_superseded where extract = 'setl_d'").fetchall()
    due("corrected", (str(month) for (month,) in gone))
    months = set(reasons)
    every = _every_month(connection)
    if months != every:
        _collect_changes(connection, pending, home)
        due("partner", _linked(connection, home, every - months))
        due("encounter", _same_encounter(connection, home, every - set(reasons)))
    return {int(month): reasons[month] for month in sorted(reasons)}


def touch_source_months(
    connection: duckdb.DuckDBPyConnection, pending: dict[str, list[int]], home: Path | None, due: Collection[int]
) -> dict[int, set[str]]:
    """Months, beside those `due` anyway, of settlements that a new or newly superseded part or line names, with the reasons.

    Their facts stand. One pass over the numbers of the settlements of the other months, and none without such a row.
    """
    changed = [
        f"select distinct setl_id, {literal(reason)} as reason from {rows} where setl_id is not null"
        for extract, reason in COMPARED.items()
        if (rows := _changed(connection, extract, pending.get(extract, []), home))
    ]
    rows = _settlements(connection, _every_month(connection) - {str(month) for month in due}, home) if changed else None
    if rows is None:
        return {}
    found = connection.execute(
        f"select distinct cast(strftime(raw.setl_time, '%Y%m') as integer), changed.reason from {rows} as raw "
        f"join ({' union all '.join(changed)}) as changed on raw.setl_id = changed.setl_id order by all"
    ).fetchall()
    reasons: dict[int, set[str]] = {}
    for month, reason in found:
        reasons.setdefault(int(month), set()).add(str(reason))
    return reasons


def _every_month(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """All months of settlements that have landed."""
    rows = connection.execute("select distinct month from ops.load_month where extract = 'setl_d'").fetchall()
    return {str(row[0]) for row in rows}


def _changed(connection: duckdb.DuckDBPyConnection, extract: str, loads: list[int], home: Path | None) -> str | None:
    """SQL of the new and the newly superseded rows of an extract."""
    gone = connection.execute("select distinct load_id from newly_superseded where extract = $1", [extract]).fetchall()
    of_interest = {*loads, *(int(row[0]) for row in gone)}
    rows = connection.execute(
        "select raw_file from ops.load_month where extract = $1 and list_contains($2::integer[], load_id) order by 1",
        [extract, sorted(of_interest)],
    ).fetchall()
    if not rows:
        return None
    new = ", ".join(str(load_id) for load_id in loads) or "-1"
    return (
        f"(select raw.* from {read_files([str(row[0]) for row in rows], home)} as raw where raw.load_id in ({new}) or "
        f"(raw.load_id, raw.source_row) in (select (load_id, source_row) from newly_superseded "
        f"where extract = {literal(extract)}))"
    )


def _collect_changes(connection: duckdb.DuckDBPyConnection, pending: dict[str, list[int]], home: Path | None) -> None:
    """Ids that other months may hold partners of: changed_link, changed_encounter, changed_group_result."""
    connection.execute("create or replace temp table changed_link (setl_id varchar, init_setl_id varchar)")
    connection.execute("create or replace temp table changed_encounter (mdtrt_id varchar)")
    connection.execute("create or replace temp table changed_group_result (setl_id varchar)")
    settlements = _changed(connection, "setl_d", pending.get("setl_d", []), home)
    if settlements:
        connection.execute(f"insert into changed_link select setl_id, init_setl_id from {settlements}")
        groups = [
            row["code"]
            for row in code_sets()["med_type"]
            if row["rollup"] in STAY_GROUPS or row["rollup"] == "by_province"
        ]
        care = ", ".join(literal(code) for code in groups)
        connection.execute(
            f"insert into changed_encounter select distinct mdtrt_id from {settlements} where med_type in ({care}) "
            "or mid_setl_flag = '1' or setl_type = '3' or maf_pay <> 0"
        )
    for extract in ("drg_dip_group_result", "mdtrt_d"):
        rows = _changed(connection, extract, pending.get(extract, []), home)
        if rows:
            connection.execute(f"insert into changed_encounter select distinct mdtrt_id from {rows}")
            if extract == "drg_dip_group_result":
                connection.execute(f"insert into changed_group_result select distinct setl_id from {rows}")


def _settlements(connection: duckdb.DuckDBPyConnection, months: set[str], home: Path | None) -> str | None:
    files = raw_files(connection, "setl_d", sorted(months)) if months else []
    return read_files(files, home) if files else None


def _linked(connection: duckdb.DuckDBPyConnection, home: Path | None, others: set[str]) -> set[str]:
    """Months of partners by init_setl_id in either direction, along whole chains (a reversal of a reversal, R31)."""
    rows = _settlements(connection, others, home)
    if rows is None:
        return set()
    found: set[str] = set()
    while True:
        connection.execute(
            f"create or replace temp table partner as select distinct setl_id, init_setl_id, setl_time from {rows} as raw "
            "where (setl_id in (select init_setl_id from changed_link where init_setl_id is not null) "
            "or (init_setl_id is not null and init_setl_id in (select setl_id from changed_link))) "
            "and setl_id not in (select setl_id from changed_link)"
        )
        months = connection.execute("select distinct strftime(setl_time, '%Y%m') from partner").fetchall()
        if not months:
            return found
        found |= {str(row[0]) for row in months}
        connection.execute("insert into changed_link select setl_id, init_setl_id from partner")


def _same_encounter(connection: duckdb.DuckDBPyConnection, home: Path | None, others: set[str]) -> set[str]:
    """Months of other rows of the changed encounters: labels, days and discharge of a stay come from all its rows."""
    rows = _settlements(connection, others, home)
    if rows is None:
        return set()
    months = connection.execute(
        f"select distinct strftime(setl_time, '%Y%m') from {rows} as raw "
        "where mdtrt_id in (select mdtrt_id from changed_encounter) or setl_id in (select setl_id from changed_group_result)"
    ).fetchall()
    return {str(row[0]) for row in months}
