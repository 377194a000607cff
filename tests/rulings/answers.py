"""How a ruling case asks its question: the same way of the warehouse and of the second route.

Belongs here: reading one number by case, indicator and year; reading what the warehouse says of a load. Does not belong
here: expectations.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from tests.rulings.world import YEAR, World

Key = tuple[str, int, str]
Numbers = dict[Key, tuple[Decimal | None, Decimal | None, float | None]]


class Answers:
    """Numbers of one route, by case."""

    def __init__(self, route: str, world: World, numbers: Numbers):
        self.route = route
        self._world = world
        self._numbers = numbers

    def _cell(self, case: str, indicator: str, year: int) -> tuple[Decimal | None, Decimal | None, float | None]:
        key = (indicator, year, self._world.areas[case].prefecture)
        return self._numbers.get(key, (Decimal(0), None, None))

    def __call__(self, case: str, indicator: str, year: int = YEAR) -> Decimal:
        """Numerator in base units; 0 where nothing was counted."""
        return self._cell(case, indicator, year)[0] or Decimal(0)

    def pair(self, case: str, indicator: str, year: int = YEAR) -> tuple[Decimal, Decimal]:
        """Numerator and denominator in base units."""
        above, below, _ = self._cell(case, indicator, year)
        return above or Decimal(0), below or Decimal(0)

    def value(self, case: str, indicator: str, year: int = YEAR) -> float | None:
        """The value in the dictionary's unit."""
        return self._cell(case, indicator, year)[2]


def numbers_of(frame: pl.DataFrame) -> Numbers:
    """Lookup from a frame of indicators."""
    rows = frame.select("indicator_id", "year", "region_code", "numerator", "denominator", "value").iter_rows()
    return {(indicator, year, region): (above, below, value) for indicator, year, region, above, below, value in rows}


class Warehouse:
    """The built warehouse of the hand-made province, read only."""

    def __init__(self, path: Path, world: World):
        self.path = path
        self.world = world

    def query(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Rows of one statement."""
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(sql, parameters or []).fetchall()

    def load(self, file: str) -> tuple[int, int, int]:
        """Rows read, accepted and quarantined of one landed file."""
        (row,) = self.query(
            "select rows_read, rows_accepted, rows_quarantined from ops.load where source_file like '%' || ?", [file]
        )
        return row[0], row[1], row[2]

    def rules(self, file: str) -> dict[str, int]:
        """Quarantined rows of one landed file by rule."""
        return dict(
            self.query(
                "select rule, count(*) from (select unnest(rule_ids) as rule from quarantine.rejected_row "
                "where source_file like '%' || ?) group by rule",
                [file],
            )
        )

    def breakdown(self, case: str, indicator: str, column: str, year: int = YEAR) -> dict[str, Decimal]:
        """Numerators of one indicator by the labels of one breakdown, all other breakdowns at 'total'."""
        others = [c for c in ("scheme", "member_status", "hospital_tier", "visit_type", "travel_class") if c != column]
        rows = self.query(
            f"select {column}, numerator, {', '.join(others)} from indicator.indicator_value "
            "where indicator_id = ? and year = ? and region_code = ? and month is null "
            "and coalesce(other_member, 'total') = 'total'",
            [indicator, year, self.world.areas[case].prefecture],
        )
        # An indicator whose id names a scheme carries that scheme's label in all its rows.
        plain = [
            row for row in rows if all(label in ("total", "employee", "resident", "inpatient") for label in row[2:])
        ]
        return {row[0]: row[1] for row in plain}
