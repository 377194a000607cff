"""What a file amounts to, by month and area and column: the record that a person compares with the data centre's own.

Belongs here: one narrow aggregate over the rows just written, and the amounts of rejected rows beside it. Does not belong here:
comparing with a manifest (`decide.py`), keeping and confirming records (`records.py`), the delivery matrix (`deliveries/`).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from dagster_project.ingest.plan import REJECTED_CELLS, Plan
from dagster_project.ingest.store import literal

if TYPE_CHECKING:
    from dagster_project.ingest.scan import ScanResult


@dataclass(frozen=True)
class AreaCount:
    """Accepted rows and money of one month and area; '' is an area that is no region code, or an extract without areas."""

    month: str
    region: str
    rows: int
    money: Decimal


def summed(plan: Plan) -> list[str]:
    """Columns whose sums are recorded: every amount that the file has and raw keeps."""
    return [column.name for column in plan.present if column.type == "decimal" and column.landed == "as_is"]


def measure(connection: duckdb.DuckDBPyConnection, plan: Plan, file: Path, month: str, result: ScanResult) -> None:
    """Count a work file of accepted rows of one month into the result; `month` is 'all' where rows have none."""
    contract, columns = plan.contract, summed(plan)
    landed = {column.name for column in contract.landed}
    region = next((name for name in contract.place_by if name in landed), None)
    moment = f'any_value("{contract.month_by}")' if contract.month_by else "null::date"
    worth = (
        f'coalesce(sum("{contract.money}"), 0), coalesce(sum(abs("{contract.money}")), 0)' if contract.money else "0, 0"
    )
    parts = [
        f'"{region}"' if region else "''",
        "count(*)",
        moment,
        worth,
        *[f'coalesce(sum("{c}"), 0)' for c in columns],
    ]
    areas: dict[str, tuple[int, Decimal]] = {}
    for code, count, first, money, absolute, *sums in connection.execute(
        f"select {', '.join(parts)} from read_parquet({literal(file)}, hive_partitioning = false) group by 1"
    ).fetchall():
        month = f"{first:%Y%m}" if first is not None else month
        area = str(code) if code and len(code) == 6 and code.isdigit() else ""
        rows, sofar = areas.get(area, (0, Decimal(0)))
        areas[area] = (rows + int(count), sofar + Decimal(money))
        result.money += Decimal(absolute)
        for name, value in zip(columns, sums, strict=True):
            result.totals[name] = result.totals.get(name, Decimal(0)) + Decimal(value)
    for area, (rows, money) in sorted(areas.items()):
        result.months[month] = result.months.get(month, 0) + rows
        result.files[month] = file
        result.areas.append(AreaCount(month, area, rows, money))


def add_rejected(connection: duckdb.DuckDBPyConnection, plan: Plan, result: ScanResult) -> None:
    """Amounts of the rejected rows, as far as their cells are numbers, into the totals: those are of the file, not of raw."""
    columns = summed(plan)
    if not columns or plan.source.rows == result.accepted:
        return
    parts = ", ".join(f'sum("{name}")' for name in columns)
    row = connection.execute(f"select {parts} from {REJECTED_CELLS}").fetchone()
    for name, value in zip(columns, row or (), strict=True):
        result.totals[name] = result.totals.get(name, Decimal(0)) + Decimal(value or 0)
