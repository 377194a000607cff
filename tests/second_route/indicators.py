"""The 64 headline indicators, and others that need a dimension of their own, as fractions of the sums in `measures`.

Belongs here: numerator, denominator and unit of each indicator. Does not belong here: filters of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from tests.second_route.constants import PHARMACY_IN_VISITS_FROM
from tests.second_route.measures import SCHEMES, TIERS

SCALE = {"万": Decimal(10_000), "亿": Decimal(100_000_000), "1": Decimal(1), "%": Decimal("0.01")}


@dataclass(frozen=True)
class Formula:
    """Numerator and denominator as expressions over measures; in fen where money; the unit of the value."""

    numerator: pl.Expr
    unit: str
    denominator: pl.Expr | None = None
    money: bool = False
    money_below: bool = False


def _col(name: str) -> pl.Expr:
    return pl.col(name).fill_null(0)


def _people(name: str) -> Formula:
    return Formula(_col(name), "万")


def _of_scheme(scheme: str) -> dict[str, Formula]:
    visits = _col(f"{scheme}_outpatient_visits") + _col(f"{scheme}_chronic_visits") + _col(f"{scheme}_stays")
    pharmacy = pl.when(pl.col("year") >= PHARMACY_IN_VISITS_FROM).then(_col(f"{scheme}_pharmacy_visits")).otherwise(0)
    fee = _col(f"{scheme}_inpatient_fee")
    paid = _col(f"{scheme}_inpatient_insurance_funds")
    own = _col(f"{scheme}_inpatient_own_pay")

    def ratio(below: pl.Expr) -> Formula:
        return Formula(paid, "%", below, money=True, money_below=True)

    found = {
        "insured": _people(f"{scheme}_insured"),
        "fund_income": Formula(_col(f"{scheme}_fund_income"), "亿", money=True),
        "fund_expenditure": Formula(_col(f"{scheme}_fund_expenditure"), "亿", money=True),
        "benefit_visits": Formula(visits + pharmacy, "亿"),
        "outpatient_visits": Formula(_col(f"{scheme}_outpatient_visits"), "亿"),
        "chronic_outpatient_visits": Formula(_col(f"{scheme}_chronic_visits"), "亿"),
        "inpatient_visits": Formula(_col(f"{scheme}_stays"), "亿"),
        "pharmacy_visits": Formula(_col(f"{scheme}_pharmacy_visits"), "亿"),
        "medical_expense_total": Formula(_col(f"{scheme}_expense"), "亿", money=True),
        "inpatient_expense": Formula(fee, "亿", money=True),
        "hospitalisation_rate": Formula(_col(f"{scheme}_stays"), "%", _col(f"{scheme}_rate_base")),
        "avg_inpatient_cost": Formula(fee, "1", _col(f"{scheme}_stays"), money=True),
        "avg_length_of_stay": Formula(_col(f"{scheme}_bed_days"), "1", _col(f"{scheme}_stays")),
        "inpatient_catalog_pay_ratio": ratio(fee - own),
        "actual_pay_ratio": ratio(fee),
        "inpatient_scope_pay_ratio": ratio(_col(f"{scheme}_inpatient_in_scope")),
    }
    for tier in TIERS:
        found[f"avg_inpatient_cost_{tier}"] = Formula(
            _col(f"{scheme}_inpatient_fee_{tier}"), "1", _col(f"{scheme}_stays_{tier}"), money=True
        )
    balance = "pool_current_balance" if scheme == "employee" else "current_balance"
    found[balance] = Formula(_balance(scheme), "亿", money=True)
    return {f"{scheme}_{name}": formula for name, formula in found.items()}


def _balance(scheme: str) -> pl.Expr:
    return _col(f"{scheme}_pool_income") - _col(f"{scheme}_pool_expenditure")


def _both(name: str) -> pl.Expr:
    return _col(f"employee_{name}") + _col(f"resident_{name}")


def formulas() -> dict[str, Formula]:
    """Every headline indicator by its id."""
    found = {key: formula for scheme in SCHEMES for key, formula in _of_scheme(scheme).items()}
    for name in ("active", "retired", "enterprise", "government", "flexible_other"):
        found[f"employee_{name}"] = _people(f"employee_{name}")
    found |= {
        "insured_total": Formula(_both("insured"), "万"),
        "coverage_rate": Formula(_both("insured"), "%", pl.col("should_be_enrolled")),
        "fund_income_total": Formula(_both("fund_income"), "亿", money=True),
        "fund_expenditure_total": Formula(_both("fund_expenditure"), "亿", money=True),
        "pool_current_balance_total": Formula(_balance("employee") + _balance("resident"), "亿", money=True),
        "pool_cumulative_balance_total": Formula(_both("pool_stock"), "亿", money=True),
        "oop_share_inpatient": Formula(
            _col("inpatient_cash"), "%", _col("inpatient_fee"), money=True, money_below=True
        ),
        "maternity_insured": _people("employee_active"),
        "maternity_benefit_visits": Formula(
            _col("maternity_stays") + _col("maternity_settlements") + _col("allowance_payments"), "万"
        ),
        "ma_expenditure": Formula(_col("assistance_fund"), "亿", money=True),
        "ma_visits": Formula(_col("assistance_inpatient_encounters") + _col("assistance_outpatient_encounters"), "万"),
        "disease_pay_discharge_share": Formula(_col("disease_stays"), "%", _col("eligible_stays")),
        "disease_pay_fund_share": Formula(
            _col("disease_funds"), "%", _col("eligible_funds"), money=True, money_below=True
        ),
        "outarea_visits": Formula(_both("outarea_visits") + _both("outarea_stays"), "万"),
        "outarea_expense": Formula(_both("outarea_expense"), "亿", money=True),
        "xprov_direct_settlement_rate": Formula(_col("cross_direct"), "%", _col("cross_direct") + _col("cross_manual")),
        "employee_benefit_persons": Formula(_col("employee_pool_persons"), "1"),
        "resident_benefit_persons": Formula(_col("resident_pool_persons"), "1"),
        "critical_illness_beneficiaries": Formula(_col("serious_illness_persons"), "万"),
        "critical_illness_relief_per_person": Formula(
            _col("resident_serious_illness"), "1", _col("serious_illness_persons"), money=True
        ),
        "two_disease_persons": Formula(_col("two_disease_persons"), "万"),
        "two_disease_visits": Formula(
            _col("two_disease_chronic")
            + pl.when(pl.col("year") >= PHARMACY_IN_VISITS_FROM).then(_col("two_disease_pharmacy")).otherwise(0),
            "万",
        ),
        "antenatal_check_visits": Formula(_col("antenatal"), "万"),
        "family_mutual_aid_visits": Formula(_col("family_account_uses"), "亿"),
        "family_mutual_aid_amount": Formula(_col("family_account"), "亿", money=True),
    }
    found |= {
        "resident_adults": _people("resident_adult"),
        "resident_pupils_children": _people("resident_pupil_child"),
        "resident_college": _people("resident_college"),
        "migrant_worker_employee": _people("employee_rural"),
        "ma_subsidised_enrolment": _people("assisted_premiums"),
        "ma_total_times": Formula(
            _col("assistance_inpatient_encounters")
            + _col("assistance_outpatient_encounters")
            + _col("assisted_premiums")
            + _col("other_premiums"),
            "万",
        ),
        "repeat_exam_30d_share": Formula(
            _col("repeated_exams"), "%", _col("large_exams"), money=True, money_below=True
        ),
        "unreasonable_referral_rate": Formula(_col("treatable_referred_stays"), "%", _col("referred_stays")),
        "triple_protection_visits": _people("triple_visits"),
        "triple_protection_relief": Formula(_col("triple_relief"), "亿", money=True),
        "resident_per_capita_funding": Formula(_col("resident_funding"), "1", _col("resident_insured"), money=True),
    }
    for setting in ("inpatient", "outpatient"):
        found[f"ma_avg_{setting}"] = Formula(
            _col(f"assistance_{setting}_amount"), "1", _col(f"assistance_{setting}_encounters"), money=True
        )
    return found


def evaluate(measures: pl.DataFrame) -> pl.DataFrame:
    """All indicators of all years and regions; numerator and denominator in base units, exact."""
    rows: list[dict[str, object]] = []
    for indicator, formula in formulas().items():
        below = pl.lit(None, dtype=pl.Float64) if formula.denominator is None else formula.denominator
        table = measures.select("year", "region_code", above=formula.numerator, below=below)
        for year, region, above, under in table.iter_rows():
            numerator = Decimal(above) / 100 if formula.money else Decimal(above)
            denominator = None
            if under is not None:
                denominator = Decimal(under) / 100 if formula.money_below else Decimal(str(under))
            rows.append(
                {
                    "indicator_id": indicator,
                    "year": year,
                    "region_code": region,
                    "numerator": numerator,
                    "denominator": denominator,
                    "value": _value(formula, numerator, denominator),
                }
            )
    return pl.DataFrame(
        rows,
        schema={
            "indicator_id": pl.String,
            "year": pl.Int32,
            "region_code": pl.String,
            "numerator": pl.Decimal(24, 2),
            "denominator": pl.Decimal(24, 2),
            "value": pl.Float64,
        },
    ).sort("indicator_id", "year", "region_code")


def _value(formula: Formula, numerator: Decimal, denominator: Decimal | None) -> float | None:
    """The value in the unit; none over nothing, and none over what was not given."""
    if formula.denominator is None:
        return float(numerator / SCALE[formula.unit])
    return float(numerator / denominator / SCALE[formula.unit]) if denominator else None
