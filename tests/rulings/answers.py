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
from tests.second_route import SecondRoute
from tests.warehouse_api import other_breakdowns

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


class Parts:
    """Members of breakdowns that have no column of their own, of one route."""

    def __init__(self, world: World, source: Path | SecondRoute):
        self._world = world
        self._source = source
        self._frames: dict[str, pl.DataFrame] = {}

    def _frame(self, dimension: str) -> pl.DataFrame:
        if dimension not in self._frames:
            if isinstance(self._source, SecondRoute):
                frames = [frame for frame in vars(self._source.parts).values() if dimension in frame.columns]
                members = sorted({str(label) for frame in frames for label in frame[dimension].unique()})
                found = self._source.broken_down(dimension, members).rename({dimension: "member"})
            else:
                found = other_breakdowns(self._source).filter(pl.col("dimension") == dimension)
            self._frames[dimension] = found.filter((pl.col("numerator") != 0) | (pl.col("denominator") != 0))
        return self._frames[dimension]

    def pairs(self, case: str, indicator: str, dimension: str, year: int = YEAR) -> dict[str, tuple[Decimal, Decimal]]:
        """Numerator and denominator of every member of a case that is not 0."""
        here = self._frame(dimension).filter(
            (pl.col("indicator_id") == indicator)
            & (pl.col("year") == year)
            & (pl.col("region_code") == self._world.areas[case].prefecture)
        )
        rows = here.select("member", "numerator", "denominator").iter_rows()
        return {member: (above or Decimal(0), below or Decimal(0)) for member, above, below in rows}

    def __call__(self, case: str, indicator: str, dimension: str, year: int = YEAR) -> dict[str, Decimal]:
        """Numerators of every member of a case that is not 0."""
        return {member: pair[0] for member, pair in self.pairs(case, indicator, dimension, year).items()}


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
