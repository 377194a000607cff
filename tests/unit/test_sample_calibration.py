"""The sample against its calibration bands, at scale 0.01 only: small samples scatter too much."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagster_project.sample import write_sample
from dagster_project.sample.calibration import load_calibration

SCALE, YEAR = 0.01, 2024
Cell = dict[str, Any]


def _sum(cells: list[Cell], field: str, keep: Callable[[Cell], bool]) -> int:
    return sum(cell[field] for cell in cells if keep(cell))


def _measures(truth: Cell) -> dict[str, float]:
    """Every banded quantity of one year, from the truth's cells."""
    cells = truth["cells"]
    settlement = [c for c in cells["settlement"] if c["year"] == YEAR]
    stay = [c for c in cells["stay"] if c["year"] == YEAR and c["visit_type"] == "inpatient"]
    rows = _sum(settlement, "rows", lambda c: True)
    money = _sum(settlement, "total_fee", lambda c: True)
    persons = {
        s: _sum(cells["enrolment"], "persons", lambda c, s=s: c["year"] == YEAR and c["scheme"] == s)
        for s in ("employee", "resident")
    }
    should = next(
        c["persons"]
        for c in cells["population"]
        if c["year"] == YEAR and c["region_code"] == truth["province"] and c["population_kind"] == "should_be_enrolled"
    )
    found = {
        "employee_insured_scaled": persons["employee"] / SCALE,
        "resident_insured_scaled": persons["resident"] / SCALE,
        "settlements_scaled": rows / SCALE,
        "coverage_rate": 100 * sum(persons.values()) / should,
        "pharmacy_and_outpatient_row_share": 100
        * _sum(settlement, "rows", lambda c: c["visit_type"] in ("pharmacy", "outpatient"))
        / rows,
        "inpatient_row_share": 100 * _sum(settlement, "rows", lambda c: c["visit_type"] == "inpatient") / rows,
        "inpatient_money_share": 100 * _sum(settlement, "total_fee", lambda c: c["visit_type"] == "inpatient") / money,
        "hospitalisation_rate": 100 * _sum(stay, "stays", lambda c: True) / sum(persons.values()),
    }
    for scheme in ("employee", "resident"):
        mine = [c for c in stay if c["scheme"] == scheme]
        billed = [c for c in settlement if c["scheme"] == scheme and c["visit_type"] == "inpatient"]
        stays, scope = _sum(mine, "stays", bool), _sum(billed, "in_scope_fee", bool)
        paid = _sum(billed, "fund_pay", bool) - _sum(billed, "assistance_pay", bool)
        found[f"{scheme}_mean_stay_fee"] = _sum(mine, "total_fee", bool) / stays / 100
        found[f"{scheme}_scope_ratio"] = 100 * paid / scope
        if scheme == "employee":
            found["employee_mean_bed_days"] = _sum(mine, "bed_days_min1", bool) / stays
            found["employee_tertiary_stay_share"] = 100 * _sum(mine, "stays", lambda c: c["tier"] == "tertiary") / stays
            for name, tier in (("tertiary", "tertiary"), ("secondary", "secondary"), ("primary", "primary_and_below")):
                here = [c for c in mine if c["tier"] == tier]
                found[f"employee_mean_stay_fee_{name}"] = (
                    _sum(here, "total_fee", bool) / _sum(here, "stays", bool) / 100
                )
    found |= _money_measures(cells, settlement, sum(persons.values()))
    crossing = [c for c in cells["stay"] if c["end_year"] == YEAR and c["travel_class"] == "cross_province"]
    crossing = [c for c in crossing if c["visit_type"] == "inpatient"]
    direct = _sum(crossing, "stays", lambda c: c["payment_place"] == "4")
    found["cross_province_direct_rate"] = (
        100 * direct / (direct + _sum(crossing, "stays", lambda c: c["payment_place"] == "1"))
    )
    eligible = [c for c in stay if c["eligible"]]
    insurance = [(c["fund_pay"] - c["assistance_pay"], c["paid_by_disease"]) for c in eligible]
    found["disease_payment_fund_share"] = 100 * sum(f for f, paid in insurance if paid) / sum(f for f, _ in insurance)
    return found


def _money_measures(cells: Cell, settlement: list[Cell], insured: int) -> dict[str, float]:
    """The fund ledger against what was settled, and assistance."""
    fund = [c for c in cells["fund"] if c["year"] == YEAR]

    def booked(scheme: str, funds: tuple[str, ...], keep: Callable[[Cell], bool]) -> int:
        return _sum(fund, "amount", lambda c: c["scheme_code"] == scheme and c["fund_type"] in funds and keep(c))

    def is_spent(cell: Cell) -> bool:
        return bool(cell["direction"] == "支出")

    found: dict[str, float] = {}
    for scheme, code, funds in (("employee", "310", ("统筹", "个人账户")), ("resident", "390", ("统筹",))):
        mine = [c for c in settlement if c["scheme"] == scheme]
        benefits = booked(code, ("统筹",), lambda c: c["item_code"] == "E01")
        found[f"{scheme}_ledger_over_settled"] = 100 * benefits / _sum(mine, "pool_pay", bool)
        found[f"{scheme}_fund_over_expense"] = 100 * booked(code, funds, is_spent) / _sum(mine, "total_fee", bool)
        name = "employee_pool_spent" if scheme == "employee" else "resident_fund_spent"
        income = booked(code, ("统筹",), lambda c: c["direction"] == "收入")
        found[name] = 100 * booked(code, ("统筹",), is_spent) / income
    aided = [c for c in cells["assistance"] if c["year"] == YEAR]
    found["assistance_visits_per_insured"] = 100 * _sum(aided, "encounters", bool) / insured
    found["assistance_yuan_per_insured"] = booked("399", ("救助",), is_spent) / insured / 100
    for setting in ("inpatient", "outpatient"):
        here = [c for c in aided if c["setting"] == setting]
        found[f"assistance_mean_{setting}"] = _sum(here, "amount", bool) / _sum(here, "encounters", bool) / 100
    return found


@pytest.mark.long
def test_the_sample_lies_in_its_bands(tmp_path: Path) -> None:
    write_sample(tmp_path / "landing", scale=SCALE, years=(2023, YEAR, 2025))
    found = _measures(json.loads((tmp_path / "truth.json").read_text(encoding="utf-8")))
    bands = load_calibration().bands
    assert found.keys() == bands.keys()
    outside = {
        name: (round(value, 2), bands[name].low, bands[name].high, bands[name].source)
        for name, value in found.items()
        if not bands[name].low <= value <= bands[name].high
    }
    assert not outside


def test_every_band_names_its_source() -> None:
    for name, band in load_calibration().bands.items():
        assert band.low < band.high and len(band.source) > 10, name
