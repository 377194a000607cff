"""Expected figures of distinct persons from the generator's own bookkeeping.

Belongs here: persons who drew benefits, and what one of them drew. Does not belong here: visits and money by themselves
(`truth.py`). Nothing is added up over regions: the truth has the province's persons.
"""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from tests.truth import FRAME, regions_of
from tests.truth_cells import Cell, Cells, Truth


def _found(truth: Cell) -> dict[tuple[int, str, str, str, str], int]:
    key = ("year", "region_code", "scheme", "paid_by", "visit_type")
    return {tuple(cell[name] for name in key): cell["persons"] for cell in truth["cells"]["beneficiary"]}


def expected_persons(truth: Cell) -> pl.DataFrame:
    """Figures of persons by year and region, as `truth.expected_indicators` gives the headline figures."""
    persons, cells = _found(truth), Cells(truth)
    rows: list[tuple[object, ...]] = []
    for year in truth["years"]:
        for region in regions_of(truth):
            for scheme in ("employee", "resident"):
                drew = persons.get((year, region, scheme, "pool", "total"), 0)
                rows.append((f"{scheme}_benefit_persons", year, region, Decimal(drew), None, float(drew)))
            ill = persons.get((year, region, "resident", "serious_illness", "total"), 0)
            rows.append(("critical_illness_beneficiaries", year, region, Decimal(ill), None, ill / 10_000))
            fen = Truth(cells, year, region).sum(
                "settlement", "serious_illness_pay", lambda cell: bool(cell["scheme"] == "resident")
            )
            money = Decimal(fen) / 100
            mean = float(money / ill) if ill else None
            rows.append(("critical_illness_relief_per_person", year, region, money, Decimal(ill), mean))
    return pl.DataFrame(rows, schema=FRAME, orient="row").sort("indicator_id", "year", "region_code")


def expected_persons_by_visit_type(truth: Cell) -> dict[tuple[str, int, str, str], int]:
    """Persons by indicator, year, region and kind of visit."""
    return {
        (f"{scheme}_benefit_persons", year, region, kind): persons
        for (year, region, scheme, paid_by, kind), persons in _found(truth).items()
        if paid_by == "pool" and kind != "total"
    }
