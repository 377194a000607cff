"""Expected headline indicators from the generator's own bookkeeping (`truth.json`), in exact integers.

Belongs here: sums over the cells of truth.json and the 64 definitions over them. It reads no landed file, no warehouse
and nothing of the second route: a third way to the same numbers. Money is fen until the very end.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl

Cell = dict[str, Any]
FRAME = {
    "indicator_id": pl.String,
    "year": pl.Int32,
    "region_code": pl.String,
    "numerator": pl.Decimal(24, 2),
    "denominator": pl.Decimal(24, 2),
    "value": pl.Float64,
}
WAN, YI, ONE, PERCENT = Fraction(10_000), Fraction(10**8), Fraction(1), Fraction(1, 100)
TIERS = {"tertiary": "tertiary", "secondary": "secondary", "primary": "primary_and_below"}
INSTITUTION = {"outpatient", "chronic", "inpatient", "maternity_outpatient", "home_bed"}
PHARMACY_COUNTS_FROM = 2024
POOLED_AT_PROVINCE_FROM = {"520000": 202412}


def load_truth(path: Path) -> Cell:
    """The parsed truth file."""
    loaded: Cell = json.loads(path.read_text(encoding="utf-8"))
    return loaded


_INDEX: dict[int, dict[tuple[str, str], dict[int, list[Cell]]]] = {}


def _by_year(truth: Cell) -> dict[tuple[str, str], dict[int, list[Cell]]]:
    """Cells of every table by year, worked out once a truth."""
    if id(truth) not in _INDEX:
        index: dict[tuple[str, str], dict[int, list[Cell]]] = {}
        for table, cells in truth["cells"].items():
            for field in ("year", "end_year"):
                years: dict[int, list[Cell]] = {}
                for cell in cells:
                    if field in cell:
                        years.setdefault(cell[field], []).append(cell)
                index[table, field] = years
        _INDEX[id(truth)] = index
    return _INDEX[id(truth)]


class Truth:
    """Sums over the cells of one year and one region (the province is the sum of its regions)."""

    def __init__(self, truth: Cell, year: int, region: str):
        self.cells = truth["cells"]
        self.by_year = _by_year(truth)
        self.province = truth["province"]
        self.year = year
        self.region = region
        self.pooled_from = POOLED_AT_PROVINCE_FROM.get(self.province, 999999)

    def here(self, cell: Cell) -> bool:
        """Whether a cell belongs to the region."""
        return self.region == self.province or cell["prefecture"] == self.region

    def sum(self, table: str, field: str, keep: Callable[[Cell], bool], year_field: str = "year", year: int = 0) -> int:
        """Sum of one field over the cells of a table."""
        wanted = year or self.year
        cells = self.by_year[table, year_field].get(wanted, [])
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


Parts = tuple[int, int | Fraction | None, Fraction, bool, bool]


def _scheme(t: Truth, scheme: str) -> dict[str, Parts]:
    insutype = "310" if scheme == "employee" else "390"
    funds = {"统筹", "个人账户"} if scheme == "employee" else {"统筹"}
    stays = t.stays("stays", scheme)
    fee = t.settled("total_fee", scheme, {"inpatient"})
    paid = t.settled("fund_pay", scheme, {"inpatient"}) - t.settled("assistance_pay", scheme, {"inpatient"})
    visits = {kind: t.settled("visits", scheme, {kind}) for kind in ("outpatient", "chronic", "pharmacy")}
    counted = visits["outpatient"] + visits["chronic"] + stays
    counted += visits["pharmacy"] if t.year >= PHARMACY_COUNTS_FROM else 0
    insured = t.insured(lambda c: c["scheme"] == scheme)
    before = t.insured(lambda c: c["scheme"] == scheme, year=t.year - 1)
    base = Fraction(insured + before, 2) if scheme == "employee" else Fraction(insured)
    income, spent = t.ledger(insutype, {"统筹"}, "收入"), t.ledger(insutype, {"统筹"}, "支出")
    own = t.settled("full_own_pay", scheme, {"inpatient"})
    found: dict[str, Parts] = {
        "insured": (insured, None, WAN, False, False),
        "fund_income": (t.ledger(insutype, funds, "收入"), None, YI, True, False),
        "fund_expenditure": (t.ledger(insutype, funds, "支出"), None, YI, True, False),
        "pool_current_balance" if scheme == "employee" else "current_balance": (income - spent, None, YI, True, False),
        "benefit_visits": (counted, None, YI, False, False),
        "outpatient_visits": (visits["outpatient"], None, YI, False, False),
        "chronic_outpatient_visits": (visits["chronic"], None, YI, False, False),
        "inpatient_visits": (stays, None, YI, False, False),
        "pharmacy_visits": (visits["pharmacy"], None, YI, False, False),
        "medical_expense_total": (
            t.settled("total_fee", scheme, INSTITUTION | {"pharmacy"}),
            None,
            YI,
            True,
            False,
        ),
        "inpatient_expense": (fee, None, YI, True, False),
        "hospitalisation_rate": (stays, base, PERCENT, False, False),
        "avg_inpatient_cost": (fee, stays, ONE, True, False),
        "avg_length_of_stay": (t.stays("bed_days_min1", scheme), stays, ONE, False, False),
        "inpatient_catalog_pay_ratio": (paid, fee - own, PERCENT, True, True),
        "actual_pay_ratio": (paid, fee, PERCENT, True, True),
        "inpatient_scope_pay_ratio": (
            paid,
            t.settled("in_scope_fee", scheme, {"inpatient"}),
            PERCENT,
            True,
            True,
        ),
    }
    for name, tier in TIERS.items():
        found[f"avg_inpatient_cost_{name}"] = (
            t.settled("total_fee", scheme, {"inpatient"}, lambda c, tier=tier: c["tier"] == tier),
            t.stays("stays", scheme, lambda c, tier=tier: c["tier"] == tier),
            ONE,
            True,
            False,
        )
    return {f"{scheme}_{name}": parts for name, parts in found.items()}


def _whole(t: Truth) -> dict[str, Parts]:
    def employees(field: str, label: str) -> Parts:
        return (t.insured(lambda c: c["scheme"] == "employee" and c[field] == label), None, WAN, False, False)

    everyone = t.insured(lambda c: c["scheme"] in ("employee", "resident"))
    both = {"310": {"统筹", "个人账户"}, "390": {"统筹"}}
    pooled = {"310": {"统筹"}, "390": {"统筹"}}

    def fund(funds: dict[str, set[str]], direction: str) -> int:
        return sum(t.ledger(insutype, kinds, direction) for insutype, kinds in funds.items())

    stock = t.sum(
        "fund",
        "amount",
        lambda c: c["scheme_code"] in pooled and c["fund_type"] == "统筹" and c["item_code"] == "BAL",
    )
    should = sum(
        c["persons"]
        for c in t.cells["population"]
        if c["year"] == t.year
        and c["region_code"] == t.region
        and c["population_kind"] in ("should_be_enrolled", "应参")
    )
    maternity = t.sum("stay", "stays", lambda c: c["is_maternity"]) + t.settled(
        "visits", None, {"maternity_outpatient"}
    )
    ours = {"employee", "resident"}
    away = t.sum(
        "settlement",
        "visits",
        lambda c: c["scheme"] in ours and c["visit_type"] in ("outpatient", "chronic") and t.out_of_area(c),
    ) + t.stays("stays", None, lambda c: c["scheme"] in ours and t.out_of_area(c))
    away_money = t.sum(
        "settlement",
        "total_fee",
        lambda c: (
            c["scheme"] in ours and c["visit_type"] in ("outpatient", "chronic", "inpatient") and t.out_of_area(c)
        ),
    )

    def cross(place: str) -> int:
        return t.stays(
            "stays",
            None,
            lambda c: c["travel_class"] == "cross_province" and str(c["payment_place"]) == place,
            year_field="end_year",
        )

    eligible = t.stays("stays", None, lambda c: c["eligible"])
    by_disease = t.stays("stays", None, lambda c: c["eligible"] and c["paid_by_disease"])

    def insurance_funds(keep: Callable[[Cell], bool]) -> int:
        return t.stays("fund_pay", None, keep) - t.stays("assistance_pay", None, keep)

    def aid(setting: str, field: str) -> int:
        return t.sum("assistance", field, lambda c: c["setting"] == setting)

    found: dict[str, Parts] = {
        "insured_total": (everyone, None, WAN, False, False),
        "coverage_rate": (everyone, should, PERCENT, False, False),
        "fund_income_total": (fund(both, "收入"), None, YI, True, False),
        "fund_expenditure_total": (fund(both, "支出"), None, YI, True, False),
        "pool_current_balance_total": (fund(pooled, "收入") - fund(pooled, "支出"), None, YI, True, False),
        "pool_cumulative_balance_total": (stock, None, YI, True, False),
        "oop_share_inpatient": (
            t.settled("cash_pay", None, {"inpatient"}),
            t.settled("total_fee", None, {"inpatient"}),
            PERCENT,
            True,
            True,
        ),
        "employee_active": employees("member_status", "active"),
        "employee_retired": employees("member_status", "retired"),
        "maternity_insured": employees("member_status", "active"),
        "maternity_benefit_visits": (
            maternity + t.sum("maternity_allowance", "payments", bool),
            None,
            WAN,
            False,
            False,
        ),
        "ma_expenditure": (
            t.sum("fund", "amount", lambda c: c["item_code"] in ("A01", "A02", "A03")),
            None,
            YI,
            True,
            False,
        ),
        "ma_visits": (aid("inpatient", "encounters") + aid("outpatient", "encounters"), None, WAN, False, False),
        "disease_pay_discharge_share": (by_disease, eligible, PERCENT, False, False),
        "disease_pay_fund_share": (
            insurance_funds(lambda c: c["eligible"] and c["paid_by_disease"]),
            insurance_funds(lambda c: c["eligible"]),
            PERCENT,
            True,
            True,
        ),
        "outarea_visits": (away, None, WAN, False, False),
        "outarea_expense": (away_money, None, YI, True, False),
        "xprov_direct_settlement_rate": (cross("4"), cross("4") + cross("1"), PERCENT, False, False),
        "family_mutual_aid_amount": (t.sum("settlement", "family_account_pay", bool), None, YI, True, False),
    }
    for group in ("enterprise", "government", "flexible_other"):
        found[f"employee_{group}"] = employees("employer_group", group)
    for setting in ("inpatient", "outpatient"):
        found[f"ma_avg_{setting}"] = (aid(setting, "amount"), aid(setting, "encounters"), ONE, True, False)
    return found


def _money(amount: int | Fraction, is_money: bool) -> Decimal:
    fraction = Fraction(amount, 100) if is_money else Fraction(amount)
    return Decimal(fraction.numerator) / Decimal(fraction.denominator)


def regions_of(truth: Cell) -> list[str]:
    """The province and its prefecture-level regions as the truth knows them."""
    cells = truth["cells"]
    found = {c["prefecture"] for table in ("settlement", "enrolment", "fund") for c in cells[table]}
    return sorted({truth["province"], *(r for r in found if r and r[:2] == truth["province"][:2])})


def expected_indicators(truth: Cell) -> pl.DataFrame:
    """All headline indicators by year and region: numerator and denominator in base units, value in the unit."""
    rows = []
    for year in truth["years"]:
        for region in regions_of(truth):
            t = Truth(truth, year, region)
            everything = _scheme(t, "employee") | _scheme(t, "resident") | _whole(t)
            for indicator, (above, below, unit, money, money_below) in everything.items():
                numerator = _money(above, money)
                denominator = None if below is None else _money(below, money_below)
                value = None
                if denominator is None:
                    value = float(Fraction(numerator) / unit)
                elif denominator:
                    value = float(Fraction(numerator) / Fraction(denominator) / unit)
                rows.append((indicator, year, region, numerator, denominator, value))
    return pl.DataFrame(rows, schema=FRAME, orient="row").sort("indicator_id", "year", "region_code")
