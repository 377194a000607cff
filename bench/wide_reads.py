"""How many settlements one corrected month makes the product read whole: counted scans against that month's rows.

Belongs here: which tables, what is wide, which rows of a scan count, the largest scan. Does not belong here: listening to the engine
(`reads.py`), delivering a month again (`again.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from bench.reads import Scan

WIDE_LIMIT = 1.5  # times the month's rows that a scan of whole settlements may read
# Tables with a row a settlement and about sixty columns. Up to a quarter of them is a narrow partial: keys, links, sums.
_MONTH = "settlement_month"
_FACT = "core.fct_settlement"
MONTHS = {"raw.setl_d": "strftime(setl_time, '%Y%m')", _FACT: f"cast({_MONTH} as varchar)"}
NARROW_COLUMNS = 16
# Zone maps speak of row groups: a scan of one month meets its neighbours in the groups at both ends.
EDGES = 2 * 122_880


def read_scans(path: Path) -> list[Scan]:
    """What a counting run has written."""
    return [Scan(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def month_rows(warehouse: Path, month: str) -> dict[str, int]:
    """Rows that each table holds of a month; in raw all versions."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = {
            table: connection.execute(f"select count(*) from {table} where {expression} = ?", [month]).fetchone()
            for table, expression in MONTHS.items()
        }
    return {table: int(row[0]) if row else 0 for table, row in found.items()}


def rows_read(scan: Scan) -> int:
    """Rows that count as read: those handed on, or those passed through beyond the edges of row groups.

    A scan that asks for no month has no edges: it passed through everything, however few rows it then handed on. Of Parquet
    only those handed on: the engine does not say which row groups it left out.
    """
    if scan.table.startswith("raw."):
        return scan.rows
    return max(scan.rows, scan.scanned - (EDGES if _MONTH in scan.filters else 0))


def _months(read: int, held: int, month: int) -> float:
    """How many months were read: what a table holds of the month is one, however many versions; more counts in current rows."""
    return read / held if read <= held else 1 + (read - held) / month


def judged(scans: Sequence[Scan], rows: dict[str, int]) -> dict[str, Any]:
    """The largest wide scan in months, those beyond the limit, and narrow reading in cells a settlement of the month."""
    wide = [scan for scan in scans if scan.table in rows and scan.columns > NARROW_COLUMNS]
    narrow = [scan for scan in scans if scan.table in rows and scan.columns <= NARROW_COLUMNS]
    months = [(round(_months(rows_read(scan), rows[scan.table], rows[_FACT]), 2), scan) for scan in wide]
    return {
        "rows": rows,
        "largest_wide_scan": max((times for times, _ in months), default=0.0),
        "wide_scans": len(wide),
        "beyond": [
            {"table": scan.table, "columns": scan.columns, "months": times, "statement": scan.statement}
            for times, scan in sorted(months, key=lambda pair: -pair[0])
            if times > WIDE_LIMIT
        ],
        "narrow_scans": len(narrow),
        "narrow_cells": sum(rows_read(scan) * scan.columns for scan in narrow),
    }
