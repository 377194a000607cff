"""The cells of `truth.json`, summed by year and region in exact integers.

Belongs here: reading the generator's bookkeeping and adding it up. Does not belong here: definitions of indicators.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

Cell = dict[str, Any]
POOLED_AT_PROVINCE_FROM = {"520000": 202412}


def load_truth(path: Path) -> Cell:
    """The parsed truth file."""
    loaded: Cell = json.loads(path.read_text(encoding="utf-8"))
    return loaded


class Cells:
    """All cells of a truth, found by table and year."""

    def __init__(self, truth: Cell):
        self.province: str = truth["province"]
        self.population: list[Cell] = truth["cells"]["population"]
        self._found: dict[tuple[str, str, int], list[Cell]] = defaultdict(list)
        for table, cells in truth["cells"].items():
            for cell in cells:
                for field in ("year", "end_year"):
                    if field in cell:
                        self._found[table, field, cell[field]].append(cell)

    def of(self, table: str, year_field: str, year: int) -> list[Cell]:
        """Cells of a table whose year field holds the year."""
        return self._found[table, year_field, year]


class Truth:
    """Sums over the cells of one year and one region (the province is the sum of its regions)."""

    def __init__(self, cells: Cells, year: int, region: str):
        self.cells = cells
        self.province = cells.province
        self.year = year
        self.region = region
        self.pooled_from = POOLED_AT_PROVINCE_FROM.get(self.province, 999999)

    def here(self, cell: Cell) -> bool:
        """Whether a cell belongs to the region."""
        return self.region == self.province or cell["prefecture"] == self.region

    def sum(self, table: str, field: str, keep: Callable[[Cell], bool], year_field: str = "year", year: int = 0) -> int:
        """Sum of one field over the cells of a table."""
        wanted = year or self.year
        cells = self.cells.of(table, year_field, wanted)
        return sum(c[field] for c in cells if self.here(c) and keep(c))

    def settled(self, field: str, scheme: str | None, kinds: set[str], keep: Callable[[Cell], bool] = bool) -> int:
        """Sum over settlements of a scheme (all schemes when None) and of some kinds of visit."""
        return self.sum(
            "settlement",
            field,
            lambda c: (scheme is None or c["scheme"] == scheme) and c["visit_type"] in kinds and keep(c),
        )

    def stays(
        self, field: str, scheme: str | None, keep: Callable[[Cell], bool] = bool, year_field: str = "year"
    ) -> int:
        """Sum over inpatient stays, maternity among them."""
        return self.sum(
            "stay",
            field,
            lambda c: (scheme is None or c["scheme"] == scheme) and c["visit_type"] == "inpatient" and keep(c),
            year_field,
        )

    def insured(self, keep: Callable[[Cell], bool], year: int = 0) -> int:
        """Persons insured at the end of a year."""
        return self.sum("enrolment", "persons", keep, year=year)

    def ledger(self, insutype: str, funds: set[str], direction: str) -> int:
        """Ledger flow of some funds of a scheme, in fen."""
        return self.sum(
            "fund",
            "amount",
            lambda c: c["scheme_code"] == insutype and c["fund_type"] in funds and c["direction"] == direction,
        )

    def out_of_area(self, cell: Cell) -> bool:
        """Treated outside the pooling area in force at the first of the month."""
        if cell["travel_class"] == "in_province":
            return bool(cell["year"] * 100 + cell["month"] < self.pooled_from)
        return bool(cell["travel_class"] == "cross_province")

    def should_be_enrolled(self) -> int | None:
        """Population that should be enrolled; a province has a figure of its own, a place without any has None."""
        kinds = ("should_be_enrolled", "应参")
        given = [
            c["persons"]
            for c in self.cells.population
            if c["year"] == self.year and c["region_code"] == self.region and c["population_kind"] in kinds
        ]
        return sum(given) if given else None
