"""Expected headline indicators from the generator's own bookkeeping (`truth.json`), in exact integers.

Belongs here: the 64 definitions over the cells of truth.json. It reads no landed file, no warehouse and nothing of the
second route: a third way to the same numbers. Money is fen until the very end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import polars as pl

from tests.truth_cells import Cell, Cells, Truth, load_truth

__all__ = ["FRAME", "expected_indicators", "load_truth", "regions_of"]

FRAME = {
    "indicator_id": pl.String,
    "year": pl.Int32,
    "region_code": pl.String,
    "numerator": pl.Decimal(24, 2),
    "denominator": pl.Decimal(24, 2),
    "value": pl.Float64,
}
WAN, YI, PERCENT = Fraction(10_000), Fraction(10**8), Fraction(1, 100)
TIERS = {"tertiary": "tertiary", "secondary": "secondary", "primary": "primary_and_below"}
INSTITUTION = {"outpatient", "chronic", "inpatient", "maternity_outpatient", "home_bed"}
PHARMACY_COUNTS_FROM = 2024
POOL, ACCOUNT, IN, OUT = "统筹", "个人账户", "收入", "支出"
ASSISTANCE_ITEMS = ("A01", "A02", "A03")


@dataclass(frozen=True)
class Expected:
    """Numerator and denominator in base units and what one unit of the value is worth.

    A denominator is missing where there is none by definition, or (`is_given` false) where nobody gave what it is made of.
    """

    above: Fraction
    below: Fraction | None
    unit: Fraction
    is_given: bool = True

    @property
    def value(self) -> float | None:
        """The value in the dictionary's unit; nothing over nothing is no value, nor is anything over what was not given."""
        if not self.is_given:
            return None
        if self.below is None:
            return float(self.above / self.unit)
        return float(self.above / self.below / self.unit) if self.below else None


def _wan(count: int) -> Expected:
    return Expected(Fraction(count), None, WAN)


def _yi(count: int) -> Expected:
    return Expected(Fraction(count), None, YI)


def _yi_yuan(fen: int) -> Expected:
    return Expected(Fraction(fen, 100), None, YI)


def _mean(total: int, count: int) -> Expected:
    return Expected(Fraction(total), Fraction(count), Fraction(1))


def _mean_yuan(fen: int, count: int) -> Expected:
    return Expected(Fraction(fen, 100), Fraction(count), Fraction(1))


def _share(part: int, whole: int | Fraction | None) -> Expected:
    below = None if whole is None else Fraction(whole)
    return Expected(Fraction(part), below, PERCENT, is_given=whole is not None)


def _share_of_money(fen: int, whole_fen: int) -> Expected:
    return Expected(Fraction(fen, 100), Fraction(whole_fen, 100), PERCENT)


def _scheme(t: Truth, scheme: str) -> dict[str, Expected]:
    """Indicators of one scheme."""
    is_employee = scheme == "employee"
    insutype, funds = ("310", {POOL, ACCOUNT}) if is_employee else ("390", {POOL})
    stays = t.stays("stays", scheme)
    fee = t.settled("total_fee", scheme, {"inpatient"})
    paid = t.settled("fund_pay", scheme, {"inpatient"}) - t.settled("assistance_pay", scheme, {"inpatient"})
    visits = {kind: t.settled("visits", scheme, {kind}) for kind in ("outpatient", "chronic", "pharmacy")}
    counted = visits["outpatient"] + visits["chronic"] + stays
    counted += visits["pharmacy"] if t.year >= PHARMACY_COUNTS_FROM else 0
    insured = t.insured(lambda c: c["scheme"] == scheme)
    before = t.insured(lambda c: c["scheme"] == scheme, year=t.year - 1)
    balance = t.ledger(insutype, {POOL}, IN) - t.ledger(insutype, {POOL}, OUT)
    found = {
        "insured": _wan(insured),
        "fund_income": _yi_yuan(t.ledger(insutype, funds, IN)),
        "fund_expenditure": _yi_yuan(t.ledger(insutype, funds, OUT)),
        "pool_current_balance" if is_employee else "current_balance": _yi_yuan(balance),
        "benefit_visits": _yi(counted),
        "outpatient_visits": _yi(visits["outpatient"]),
        "chronic_outpatient_visits": _yi(visits["chronic"]),
        "inpatient_visits": _yi(stays),
        "pharmacy_visits": _yi(visits["pharmacy"]),
        "medical_expense_total": _yi_yuan(t.settled("total_fee", scheme, INSTITUTION | {"pharmacy"})),
        "inpatient_expense": _yi_yuan(fee),
        "hospitalisation_rate": _share(stays, Fraction(insured + before, 2) if is_employee else insured),
        "avg_inpatient_cost": _mean_yuan(fee, stays),
        "avg_length_of_stay": _mean(t.stays("bed_days_min1", scheme), stays),
        "inpatient_catalog_pay_ratio": _share_of_money(paid, fee - t.settled("full_own_pay", scheme, {"inpatient"})),
        "actual_pay_ratio": _share_of_money(paid, fee),
        "inpatient_scope_pay_ratio": _share_of_money(paid, t.settled("in_scope_fee", scheme, {"inpatient"})),
    }
    for name, tier in TIERS.items():
        money = t.settled("total_fee", scheme, {"inpatient"}, lambda c, tier=tier: c["tier"] == tier)
        found[f"avg_inpatient_cost_{name}"] = _mean_yuan(
            money, t.stays("stays", scheme, lambda c, tier=tier: c["tier"] == tier)
        )
    return {f"{scheme}_{name}": expected for name, expected in found.items()}


def _enrolment(t: Truth) -> dict[str, Expected]:
    """Enrolment of both schemes and the parts of the employee scheme."""
    everyone = t.insured(lambda c: c["scheme"] in ("employee", "resident"))

    def employees(field: str, label: str) -> Expected:
        return _wan(t.insured(lambda c: c["scheme"] == "employee" and c[field] == label))

    found = {
        "insured_total": _wan(everyone),
        "coverage_rate": _share(everyone, t.should_be_enrolled()),
        "employee_active": employees("member_status", "active"),
        "employee_retired": employees("member_status", "retired"),
        "maternity_insured": employees("member_status", "active"),
    }
    for group in ("enterprise", "government", "flexible_other"):
        found[f"employee_{group}"] = employees("employer_group", group)
    return found


def _groups(t: Truth) -> dict[str, Expected]:
    """Figures beside the headlines that need a dimension of their own."""

    def insured(scheme: str, field: str, label: str) -> Expected:
        return _wan(t.insured(lambda c: c["scheme"] == scheme and c[field] == label))

    def subsidised(*sources: str) -> int:
        return t.sum("premium_subsidy", "persons", lambda c: c["subsidy_source"] in sources)

    def is_funding(cell: Cell) -> bool:
        """What the residents and the budget pay in, without interest and other income."""
        return (cell["scheme_code"], cell["fund_type"]) == ("390", POOL) and cell["item_code"] in ("I01", "I03")

    return {
        "resident_adults": insured("resident", "resident_group", "adult"),
        "resident_pupils_children": insured("resident", "resident_group", "pupil_child"),
        "resident_college": insured("resident", "resident_group", "college"),
        "migrant_worker_employee": insured("employee", "household", "rural"),
        "ma_subsidised_enrolment": _wan(subsidised("medical_assistance")),
        "ma_total_times": _wan(
            subsidised("medical_assistance", "other_department") + t.sum("assistance", "encounters", bool)
        ),
        "resident_per_capita_funding": _mean_yuan(
            t.sum("fund", "amount", is_funding), t.insured(lambda c: c["scheme"] == "resident")
        ),
    }


def _funds(t: Truth) -> dict[str, Expected]:
    """Funds of both schemes together, and assistance."""

    def flow(employee_funds: set[str], direction: str) -> int:
        return t.ledger("310", employee_funds, direction) + t.ledger("390", {POOL}, direction)

    def is_stock(cell: Cell) -> bool:
        return cell["scheme_code"] in ("310", "390") and cell["fund_type"] == POOL and cell["item_code"] == "BAL"

    return {
        "fund_income_total": _yi_yuan(flow({POOL, ACCOUNT}, IN)),
        "fund_expenditure_total": _yi_yuan(flow({POOL, ACCOUNT}, OUT)),
        "pool_current_balance_total": _yi_yuan(flow({POOL}, IN) - flow({POOL}, OUT)),
        "pool_cumulative_balance_total": _yi_yuan(t.sum("fund", "amount", is_stock)),
        "ma_expenditure": _yi_yuan(t.sum("fund", "amount", lambda c: c["item_code"] in ASSISTANCE_ITEMS)),
    }


def _care(t: Truth) -> dict[str, Expected]:
    """Care of all schemes: own share, maternity, assistance, disease payment, travel."""
    ours = {"employee", "resident"}

    def away(kinds: set[str]) -> Callable[[Cell], bool]:
        return lambda c: c["scheme"] in ours and c["visit_type"] in kinds and t.out_of_area(c)

    def cross(place: str) -> int:
        def paid_there(cell: Cell) -> bool:
            return cell["travel_class"] == "cross_province" and str(cell["payment_place"]) == place

        return t.stays("stays", None, paid_there, year_field="end_year")

    def insurance_funds(keep: Callable[[Cell], bool]) -> int:
        return t.stays("fund_pay", None, keep) - t.stays("assistance_pay", None, keep)

    def eligible(cell: Cell) -> bool:
        return bool(cell["eligible"])

    def by_disease(cell: Cell) -> bool:
        return bool(cell["eligible"] and cell["paid_by_disease"])

    def aid(setting: str, field: str) -> int:
        return t.sum("assistance", field, lambda c: c["setting"] == setting)

    maternity = t.sum("stay", "stays", lambda c: c["is_maternity"])
    maternity += t.settled("visits", None, {"maternity_outpatient"}) + t.sum("maternity_allowance", "payments", bool)
    visits = t.sum("settlement", "visits", away({"outpatient", "chronic"})) + t.stays(
        "stays", None, away({"inpatient"})
    )
    found = {
        "oop_share_inpatient": _share_of_money(
            t.settled("cash_pay", None, {"inpatient"}), t.settled("total_fee", None, {"inpatient"})
        ),
        "maternity_benefit_visits": _wan(maternity),
        "ma_visits": _wan(aid("inpatient", "encounters") + aid("outpatient", "encounters")),
        "disease_pay_discharge_share": _share(t.stays("stays", None, by_disease), t.stays("stays", None, eligible)),
        "disease_pay_fund_share": _share_of_money(insurance_funds(by_disease), insurance_funds(eligible)),
        "outarea_visits": _wan(visits),
        "outarea_expense": _yi_yuan(t.sum("settlement", "total_fee", away({"outpatient", "chronic", "inpatient"}))),
        "xprov_direct_settlement_rate": _share(cross("4"), cross("4") + cross("1")),
        "family_mutual_aid_amount": _yi_yuan(t.sum("settlement", "family_account_pay", bool)),
    }
    for setting in ("inpatient", "outpatient"):
        found[f"ma_avg_{setting}"] = _mean_yuan(aid(setting, "amount"), aid(setting, "encounters"))
    return found


def _decimal(fraction: Fraction) -> Decimal:
    return Decimal(fraction.numerator) / Decimal(fraction.denominator)


def regions_of(truth: Cell) -> list[str]:
    """The province and its prefecture-level regions as the truth knows them."""
    cells = truth["cells"]
    found = {c["prefecture"] for table in ("settlement", "enrolment", "fund") for c in cells[table]}
    return sorted({truth["province"], *(r for r in found if r and r[:2] == truth["province"][:2])})


def expected_indicators(truth: Cell) -> pl.DataFrame:
    """All headline indicators, and some beside them, by year and region: numerator and denominator in base units, value in the unit."""
    cells = Cells(truth)
    rows = []
    for year in truth["years"]:
        for region in regions_of(truth):
            t = Truth(cells, year, region)
            everything = (
                _scheme(t, "employee") | _scheme(t, "resident") | _enrolment(t) | _groups(t) | _funds(t) | _care(t)
            )
            for indicator, expected in everything.items():
                below = None if expected.below is None else _decimal(expected.below)
                rows.append((indicator, year, region, _decimal(expected.above), below, expected.value))
    return pl.DataFrame(rows, schema=FRAME, orient="row").sort("indicator_id", "year", "region_code")
