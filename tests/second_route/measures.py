"""Sums by year and region that the headline indicators are made of.

Belongs here: one named sum a line, in persons, events, days or fen, for each prefecture-level region and the province.
Does not belong here: ratios and units.
"""

from __future__ import annotations

import polars as pl

from tests.second_route.constants import INSTITUTION_TYPES

SCHEMES = ["employee", "resident"]
TIERS = {"tertiary": "tertiary", "secondary": "secondary", "primary": "primary_and_below"}
MONEY_IN = "收入"
MONEY_OUT = "支出"


def _count(*conditions: pl.Expr) -> pl.Expr:
    return pl.all_horizontal(*conditions).sum().cast(pl.Int64)


def _sum(name: str, *conditions: pl.Expr) -> pl.Expr:
    return pl.col(name).filter(pl.all_horizontal(*conditions)).sum()


def of_settlements(rows: pl.DataFrame) -> pl.LazyFrame:
    """Visits and money of the settlements that count, by the year of each settlement."""
    sums: dict[str, pl.Expr] = {}
    inpatient = pl.col("visit_type") == "inpatient"
    visit = ~pl.col("is_supplementary")
    out = pl.col("is_out_of_area")
    for scheme in SCHEMES:
        ours = pl.col("scheme") == scheme
        for kind in ("outpatient", "chronic", "pharmacy"):
            sums[f"{scheme}_{kind}_visits"] = _count(ours, pl.col("visit_type") == kind, visit)
        sums[f"{scheme}_expense"] = _sum(
            "total_fee", ours, pl.col("visit_type").is_in([*INSTITUTION_TYPES, "pharmacy"])
        )
        sums[f"{scheme}_inpatient_fee"] = _sum("total_fee", ours, inpatient)
        for name, tier in TIERS.items():
            sums[f"{scheme}_inpatient_fee_{name}"] = _sum("total_fee", ours, inpatient, pl.col("tier") == tier)
        sums[f"{scheme}_inpatient_insurance_funds"] = _sum("fund_pay", ours, inpatient) - _sum(
            "assistance_pay", ours, inpatient
        )
        sums[f"{scheme}_inpatient_own_pay"] = _sum("full_own_pay", ours, inpatient)
        sums[f"{scheme}_inpatient_in_scope"] = _sum("in_scope_fee", ours, inpatient)
        sums[f"{scheme}_outarea_visits"] = _count(
            ours, out, visit, pl.col("visit_type").is_in(["outpatient", "chronic"])
        )
        sums[f"{scheme}_outarea_expense"] = _sum(
            "total_fee", ours, out, pl.col("visit_type").is_in(["outpatient", "chronic", "inpatient"])
        )
    sums["inpatient_fee"] = _sum("total_fee", inpatient)
    sums["inpatient_cash"] = _sum("cash_pay", inpatient)
    sums["maternity_settlements"] = _count(visit, pl.col("visit_type") == "maternity_outpatient")
    drugs = (pl.col("two_disease") != "none") & (pl.col("scheme") == "resident") & visit
    sums["two_disease_chronic"] = _count(drugs, pl.col("visit_type") == "chronic")
    sums["two_disease_pharmacy"] = _count(drugs, pl.col("visit_type") == "pharmacy")
    sums["antenatal"] = _count(
        visit, pl.col("visit_type") == "maternity_outpatient", pl.col("med_type").str.starts_with("5101")
    )
    sums["family_account_uses"] = _count(pl.col("family_account_pay") != 0)
    sums["resident_serious_illness"] = _sum("serious_illness_pay", pl.col("scheme") == "resident")
    sums["family_account"] = _sum("family_account_pay", pl.lit(True))
    return _grouped(rows.lazy().filter(pl.col("counts")), sums)


def of_persons(rows: pl.DataFrame, province: str) -> pl.LazyFrame:
    """Distinct persons (`person` is a natural one) who drew something in a year; the province counts each of its own once."""
    sums: dict[str, pl.Expr] = {}
    for scheme in SCHEMES:
        drew = (pl.col("scheme") == scheme) & (pl.col("pool_pay") > 0)
        sums[f"{scheme}_pool_persons"] = pl.col("person").filter(drew).n_unique().cast(pl.Int64)
    ill = (pl.col("scheme") == "resident") & (pl.col("serious_illness_pay") != 0)
    sums["serious_illness_persons"] = pl.col("person").filter(ill).n_unique().cast(pl.Int64)
    drugs = (pl.col("two_disease") != "none") & (pl.col("scheme") == "resident") & (pl.col("pool_pay") > 0)
    sums["two_disease_persons"] = pl.col("person").filter(drugs).n_unique().cast(pl.Int64)
    inside = rows.lazy().filter(pl.col("counts") & (pl.col("prefecture").str.slice(0, 2) == province[:2]))
    whole = inside.with_columns(prefecture=pl.lit(province))
    return pl.concat([_grouped(inside.filter(pl.col("prefecture") != province), sums), _grouped(whole, sums)])


def of_stays(rows: pl.DataFrame) -> pl.LazyFrame:
    """Stays, bed-days and disease payment, by the year of the discharge settlement."""
    sums: dict[str, pl.Expr] = {}
    inpatient = pl.col("visit_type") == "inpatient"
    for scheme in SCHEMES:
        ours = pl.col("scheme") == scheme
        sums[f"{scheme}_stays"] = _count(ours, inpatient)
        for name, tier in TIERS.items():
            sums[f"{scheme}_stays_{name}"] = _count(ours, inpatient, pl.col("tier") == tier)
        sums[f"{scheme}_bed_days"] = _sum("bed_days_min1", ours, inpatient)
        sums[f"{scheme}_outarea_stays"] = _count(ours, inpatient, pl.col("is_out_of_area"))
    sums["maternity_stays"] = _count(pl.col("is_maternity"))
    funds = pl.col("fund_pay") - pl.col("assistance_pay")
    eligible = inpatient & pl.col("eligible")
    sums["eligible_stays"] = _count(eligible)
    sums["disease_stays"] = _count(eligible, pl.col("paid_by_disease"))
    sums["eligible_funds"] = funds.filter(eligible).sum()
    sums["disease_funds"] = funds.filter(eligible & pl.col("paid_by_disease")).sum()
    return _grouped(rows.lazy(), sums)


def of_stay_ends(rows: pl.DataFrame) -> pl.LazyFrame:
    """Cross-province stays by the year in which they ended (R18)."""
    cross = (pl.col("visit_type") == "inpatient") & (pl.col("travel_class") == "cross_province")
    sums = {
        "cross_direct": _count(cross, pl.col("payment_place") == "4"),
        "cross_manual": _count(cross, pl.col("payment_place") == "1"),
    }
    return _grouped(rows.lazy().with_columns(year=pl.col("end_year")), sums)


def of_enrolment(rows: pl.DataFrame) -> pl.LazyFrame:
    """Insured persons at 31 December."""
    employee = pl.col("scheme") == "employee"
    sums = {
        "employee_insured": _count(employee),
        "resident_insured": _count(pl.col("scheme") == "resident"),
        "employee_active": _count(employee, pl.col("member_status") == "active"),
        "employee_retired": _count(employee, pl.col("member_status") == "retired"),
    }
    sums["employee_rural"] = _count(employee, pl.col("household") == "rural")
    for group in ("adult", "pupil_child", "college"):
        sums[f"resident_{group}"] = _count(pl.col("resident_group") == group)
    for group in ("enterprise", "government", "flexible_other"):
        sums[f"employee_{group}"] = _count(employee, pl.col("employer_group") == group)
    return _grouped(rows.lazy(), sums)


def of_assistance(rows: pl.DataFrame) -> pl.LazyFrame:
    """Assistance encounters and money by setting."""
    sums: dict[str, pl.Expr] = {}
    for setting in ("inpatient", "outpatient"):
        here = pl.col("setting") == setting
        sums[f"assistance_{setting}_encounters"] = _sum("encounters", here).cast(pl.Int64)
        sums[f"assistance_{setting}_amount"] = _sum("amount", here)
    return _grouped(rows.lazy(), sums)


def of_ledger(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Fund income, expenditure and closing balances; the maternity memo (R22) is no fund of its own."""
    sums: dict[str, pl.Expr] = {}
    direction, fund, item = pl.col("dirc"), pl.col("fund_type"), pl.col("item_code")
    for scheme, code, funds in (("employee", "310", ["统筹", "个人账户"]), ("resident", "390", ["统筹"])):
        ours = pl.col("insutype") == code
        sums[f"{scheme}_fund_income"] = _sum("fen", ours, fund.is_in(funds), direction == MONEY_IN)
        sums[f"{scheme}_fund_expenditure"] = _sum("fen", ours, fund.is_in(funds), direction == MONEY_OUT)
        sums[f"{scheme}_pool_income"] = _sum("fen", ours, fund == "统筹", direction == MONEY_IN)
        sums[f"{scheme}_pool_expenditure"] = _sum("fen", ours, fund == "统筹", direction == MONEY_OUT)
        sums[f"{scheme}_pool_stock"] = _sum("fen", ours, fund == "统筹", item == "BAL", pl.col("month") == 12)
    own_and_subsidy = item.is_in(["I01", "I03"])
    sums["resident_funding"] = _sum("fen", pl.col("insutype") == "390", fund == "统筹", own_and_subsidy)
    sums["assistance_fund"] = _sum("fen", item.is_in(["A01", "A02", "A03"]))
    return _grouped(rows, sums)


def of_allowances(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Maternity allowance payments."""
    return _grouped(rows, {"allowance_payments": pl.len().cast(pl.Int64)})


def of_subsidies(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Persons whose premium was subsidised, by whose money it was."""
    source = pl.col("subsidy_source")
    sums = {
        "assisted_premiums": _count(source == "medical_assistance"),
        "other_premiums": _count(source == "other_department"),
    }
    return _grouped(rows, sums)


def of_exams(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Charges of exams on large equipment, and of those that repeat another."""
    return _grouped(rows, {"large_exams": pl.col("fee").sum(), "repeated_exams": _sum("fee", pl.col("is_repeat"))})


def of_referrals(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Stays referred out, and those that hospitals at home could have treated."""
    return _grouped(
        rows, {"referred_stays": pl.len().cast(pl.Int64), "treatable_referred_stays": _count(pl.col("is_treatable"))}
    )


def of_triple_protection(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Visits of rural low-income people and what the three layers paid for them (L66)."""
    sums = {"triple_visits": _count(pl.col("is_visit")), "triple_relief": pl.col("relief").sum()}
    return _grouped(rows, sums)


def _grouped(rows: pl.LazyFrame, sums: dict[str, pl.Expr]) -> pl.LazyFrame:
    named = [expression.alias(name) for name, expression in sums.items()]
    parts = rows.group_by("year", region_code=pl.col("prefecture")).agg(named)
    return parts.with_columns(pl.col("year").cast(pl.Int32))


def with_province(parts: pl.LazyFrame, province: str) -> pl.LazyFrame:
    """The regions of one province and their sum as the province's own row."""
    inside = parts.filter(pl.col("region_code").str.slice(0, 2) == province[:2])
    whole = inside.group_by("year").agg(pl.exclude("region_code").sum()).with_columns(region_code=pl.lit(province))
    return pl.concat([inside.filter(pl.col("region_code") != province), whole], how="diagonal")
