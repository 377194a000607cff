"""Expected breakdowns of headline indicators that columns of their own do not carry, from the generator's bookkeeping.

Belongs here: fund mode, subsidy, employer, sex, population group and destination over the cells of truth.json. Does not
belong here: the wholes (`truth.py`); figures of the warehouse.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

import polars as pl

from tests.truth import regions_of
from tests.truth_cells import Cell, Cells, Truth

FRAME = {
    "indicator_id": pl.String,
    "year": pl.Int32,
    "region_code": pl.String,
    "dimension": pl.String,
    "member": pl.String,
    "numerator": pl.Decimal(24, 2),
    "denominator": pl.Decimal(24, 2),
}
Parts = dict[tuple[str, str, str], list[int | None]]


def _enrolment(t: Truth) -> Iterator[tuple[str, str, str, int, int | None]]:
    for cell in t.cells.of("enrolment", "year", t.year):
        if not t.here(cell):
            continue
        persons = cell["persons"]
        if cell["scheme"] == "employee":
            for dimension in ("fund_mode", "employer_group", "sex", "household"):
                yield "employee_insured", dimension, cell[dimension], persons * 100, None
            if cell["member_status"] == "active":
                yield "maternity_insured", "sex", cell["sex"], persons * 100, None
        else:
            for dimension in ("premium_subsidy", "resident_group"):
                yield "resident_insured", dimension, cell[dimension], persons * 100, None


def _assistance(t: Truth) -> Iterator[tuple[str, str, str, int, int | None]]:
    for cell in t.cells.of("assistance", "year", t.year):
        if t.here(cell):
            group, encounters = cell["population_group"], cell["encounters"]
            yield "ma_visits", "population_group", group, encounters * 100, None
            yield f"ma_avg_{cell['setting']}", "population_group", group, cell["amount"], encounters


def _subsidised(t: Truth) -> Iterator[tuple[str, str, str, int, int | None]]:
    for cell in t.cells.of("premium_subsidy", "year", t.year):
        if t.here(cell) and cell["subsidy_source"] == "medical_assistance":
            group, persons = cell["population_group"], cell["persons"]
            yield "ma_subsidised_enrolment", "population_group", group, persons * 100, None


def _away(t: Truth) -> Iterator[tuple[str, str, str, int, int | None]]:
    for cell in t.cells.of("away", "year", t.year):
        if t.here(cell) and t.out_of_area(cell) and cell["scheme"] != "unknown":
            kind, place = cell["visit_type"], cell["destination"]
            if kind in ("outpatient", "chronic", "inpatient"):
                events = cell["stays"] if kind == "inpatient" else cell["visits"]
                yield "outarea_visits", "destination", place, events * 100, None
                yield "outarea_expense", "destination", place, cell["total_fee"], None
    for cell in t.cells.of("away", "end_year", t.year):
        if t.here(cell) and cell["travel_class"] == "cross_province" and cell["visit_type"] == "inpatient":
            paid_there, by_hand = (cell["stays"] * (str(cell["payment_place"]) == place) for place in ("4", "1"))
            yield (
                "xprov_direct_settlement_rate",
                "destination",
                cell["destination"],
                paid_there * 100,
                paid_there + by_hand,
            )


def expected_breakdowns(truth: Cell) -> pl.DataFrame:
    """Numerator and denominator in base units of every member that occurs; money arrives in fen, counts times 100."""
    cells = Cells(truth)
    rows = []
    for year in truth["years"]:
        for region in regions_of(truth):
            t = Truth(cells, year, region)
            parts: Parts = defaultdict(lambda: [0, None])
            for indicator, dimension, member, above, below in (
                *_enrolment(t),
                *_assistance(t),
                *_subsidised(t),
                *_away(t),
            ):
                part = parts[indicator, dimension, member]
                part[0] = (part[0] or 0) + above
                part[1] = part[1] if below is None else (part[1] or 0) + below
            for (indicator, dimension, member), (above_sum, below_sum) in sorted(parts.items()):
                denominator = None if below_sum is None else Decimal(below_sum)
                rows.append((indicator, year, region, dimension, member, Decimal(above_sum or 0) / 100, denominator))
    return pl.DataFrame(rows, schema=FRAME, orient="row")
