"""Months of settlements that a delivery makes due (core decision 4).

Belongs here: months with rows that came or went, and the months whose settlements are compared with their fund split and
charge lines again. Does not belong here: months that are due because a link, a reference table or a definition changed; those
the warehouse finds itself, and stays are made of all months anyway.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import duckdb

from dagster_project.ingest.store import literal, raw_files, read_files

# Extracts that settlements are compared with and no fact is made of, with the reason that they make a month due for.
COMPARED = {"setl_fund_sbit_d": "fund_split", "fee_list_d": "charge_line", "acct_pay_detl_d": "account_payment"}


def touch_months(connection: duckdb.DuckDBPyConnection, pending: dict[str, list[int]]) -> dict[int, set[str]]:
    """Months of settlements to rebuild for the pending loads and the temporary table newly_superseded, with the reasons: rows
    of its own in the `delivery`, or a row that is no longer current (`corrected`).
    """
    own = "select distinct month from ops.load_month where extract = 'setl_d' and list_contains($1::integer[], load_id)"
    gone = "select distinct month from newly_superseded where extract = 'setl_d'"
    found = {
        "delivery": connection.execute(own, [pending.get("setl_d", [])]).fetchall(),
        "corrected": connection.execute(gone).fetchall(),
    }
    reasons: dict[int, set[str]] = {}
    for reason, months in found.items():
        for (month,) in months:
            reasons.setdefault(int(month), set()).add(reason)
    return dict(sorted(reasons.items()))


def touch_source_months(
    connection: duckdb.DuckDBPyConnection, pending: dict[str, list[int]], home: Path | None, due: Collection[int]
) -> dict[int, set[str]]:
    """Months, beside those `due` anyway, of settlements that a new or newly superseded part or line names, with the reasons.

    Their facts stand. One pass over the numbers of the settlements of the other months, and none without such a row.
    """
    changed = {
        extract: rows for extract in COMPARED if (rows := _changed(connection, extract, pending.get(extract, []), home))
    }
    return months_compared(connection, changed, home, due)


def months_compared(
    connection: duckdb.DuckDBPyConnection, rows_of: dict[str, str], home: Path | None, due: Collection[int]
) -> dict[int, set[str]]:
    """Months, beside those `due` anyway, of settlements that rows of compared extracts (SQL by extract) name."""
    changed = [
        f"select distinct setl_id, {literal(COMPARED[extract])} as reason from {rows} where setl_id is not null"
        for extract, rows in rows_of.items()
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
    """SQL of the new, the newly superseded and the reopened rows of an extract."""
    moved = "select load_id, source_row, extract from newly_superseded union all select load_id, source_row, extract from reopened"
    gone = connection.execute(f"select distinct load_id from ({moved}) where extract = $1", [extract]).fetchall()
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
        f"(raw.load_id, raw.source_row) in (select (load_id, source_row) from ({moved}) "
        f"where extract = {literal(extract)}))"
    )


def _settlements(connection: duckdb.DuckDBPyConnection, months: set[str], home: Path | None) -> str | None:
    files = raw_files(connection, "setl_d", sorted(months)) if months else []
    return read_files(files, home) if files else None
