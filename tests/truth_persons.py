"""Expected figures of distinct persons and of single benefits from the generator's own bookkeeping.

Belongs here: persons who drew benefits, what one of them drew, and uses of single benefits. Does not belong here: visits and
money by themselves (`truth.py`). Nothing is added up over regions: the truth has the province's persons.
"""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from tests.truth import FRAME, regions_of
from tests.truth_cells import Cell, Cells, Truth

DISEASES = ("hypertension", "diabetes", "unspecified")


def _found(truth: Cell) -> dict[tuple[int, str, str, str, str], int]:
    key = ("year", "region_code", "scheme", "paid_by", "paid_for")
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
            both = persons.get((year, region, "resident", "two_disease_pool", "total"), 0)
            rows.append(("two_disease_persons", year, region, Decimal(both), None, both / 10_000))
            fen = Truth(cells, year, region).sum(
                "settlement", "serious_illness_pay", lambda cell: bool(cell["scheme"] == "resident")
            )
            money = Decimal(fen) / 100
            mean = float(money / ill) if ill else None
            rows.append(("critical_illness_relief_per_person", year, region, money, Decimal(ill), mean))
    return pl.DataFrame(rows, schema=FRAME, orient="row").sort("indicator_id", "year", "region_code")


def expected_parts_of_persons(truth: Cell) -> dict[tuple[str, int, str, str], int]:
    """Persons by indicator, year, region and kind of visit, or disease."""
    parts = {}
    for (year, region, scheme, paid_by, part), persons in _found(truth).items():
        if part != "total" and paid_by == "pool":
            parts[f"{scheme}_benefit_persons", year, region, part] = persons
        if part != "total" and paid_by == "two_disease_pool" and scheme == "resident":
            parts["two_disease_persons", year, region, part] = persons
    return parts


def expected_uses(truth: Cell) -> pl.DataFrame:
    """Figures of single benefits by year and region: what is counted of settlements beside visits and money."""
    cells, found = Cells(truth), truth["cells"]["benefit"]
    rows: list[tuple[object, ...]] = []
    for year in truth["years"]:
        for region in regions_of(truth):
            t = Truth(cells, year, region)

            def uses(subject: str, t: Truth = t, **labels: str) -> int:
                return t.sum(
                    "benefit", "uses",
                    lambda c: c["subject"] == subject and all(c[name] == label for name, label in labels.items()),
                )  # fmt: skip

            drugs = sum(uses(disease, scheme="resident", visit_type="chronic") for disease in DISEASES)
            drugs += sum(uses(disease, scheme="resident", visit_type="pharmacy") for disease in DISEASES) * (
                year >= 2024
            )
            family = uses("family_account")
            for indicator, count, unit in (
                ("two_disease_visits", drugs, 10_000),
                ("antenatal_check_visits", uses("antenatal"), 10_000),
                ("family_mutual_aid_visits", family, 10**8),
            ):
                rows.append((indicator, year, region, Decimal(count), None, count / unit))
            if truth["province"] == "370000":
                stays = lambda cell: bool(cell["is_maternity"] and str(cell["payment_place"]) == "3")  # noqa: E731
                births = t.sum("stay", "stays", stays)
                rows.append(("sd_inprov_maternity_direct", year, region, Decimal(births), None, float(births)))
                yuan = Decimal(t.sum("stay", "fund_pay", stays)) / 100
                rows.append(("sd_inprov_maternity_direct_amount", year, region, yuan, None, float(yuan / 10_000)))
    assert found, "the truth knows of single benefits"
    return pl.DataFrame(rows, schema=FRAME, orient="row").sort("indicator_id", "year", "region_code")
