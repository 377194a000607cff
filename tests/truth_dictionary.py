"""Every row of the dictionary worked out again from the generator's truth, by a reader of formulas of its own.

Belongs here: reading formulas and filters, looking measures up in the cells of `truth.json`. Does not belong here: the product's
compiler and SQL, of which nothing is used; asserts. What the truth does not know raises `NotTold`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.truth_cells import Cells, Truth

ROOT = Path(__file__).resolve().parents[1]
Labels = Mapping[str, frozenset[str]]
FUNDS = {"pool": "统筹", "account": "个人账户", "assistance": "救助", "maternity": "生育", "long_term_care": "长护"}
DIRECTIONS = {"income": "收入", "expenditure": "支出", "balance": "结余"}
ITEMS = {"premium": {"I01"}, "fiscal_subsidy": {"I03"}}
SCHEMES = {"310": "employee", "390": "resident"}
STAY_KINDS = {"inpatient", "maternity_inpatient", "home_bed"}
MONEY = {
    "total_fee_yuan": "total_fee", "full_own_pay_yuan": "full_own_pay", "in_scope_fee_yuan": "in_scope_fee",
    "pool_pay_yuan": "pool_pay", "fund_pay_yuan": "fund_pay", "assistance_pay_yuan": "assistance_pay",
    "account_pay_yuan": "account_pay", "family_account_pay_yuan": "family_account_pay", "cash_pay_yuan": "cash_pay",
    "serious_illness_pay_yuan": "serious_illness_pay",
}  # fmt: skip
STAY = {
    "stays": "stays", "bed_days_min1": "bed_days_min1", "bed_days_plus1": "bed_days_plus1",
    "stay_total_fee_yuan": "total_fee", "stay_pool_pay_yuan": "pool_pay", "stay_fund_pay_yuan": "fund_pay",
    "stay_assistance_pay_yuan": "assistance_pay",
}  # fmt: skip
STAY_END = {"ended_stays": "stays", "ended_stay_fee_yuan": "total_fee"}
ASSISTANCE = {
    "assistance_encounters": "encounters",
    "assistance_payments": "payments",
    "assistance_paid_yuan": "amount",
}
NEGOTIATED = ("negotiated_lines", "negotiated_drug_settlements", "negotiated_settlements")


class NotTold(Exception):
    """The truth has no cells, or no label, that would tell this."""


@cache
def rows() -> dict[str, dict[str, str]]:
    """The dictionary as written, by id."""
    with (ROOT / "dbt" / "seeds" / "indicator_dictionary.csv").open(encoding="utf-8", newline="") as handle:
        return {row["indicator_id"]: row for row in csv.DictReader(handle)}


@cache
def _units() -> dict[str, int]:
    with (ROOT / "dbt" / "seeds" / "unit.csv").open(encoding="utf-8", newline="") as handle:
        return {row["unit"]: int(row["factor"]) for row in csv.DictReader(handle)}


@cache
def _national() -> dict[str, Any]:
    text = (ROOT / "dagster_project" / "provinces" / "national.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["definitions"]
    return found


def choice(switch: str, year: int) -> str:
    """The national default in force in a year: the last entry that has begun."""
    given = _national()[switch]
    if not isinstance(given, list):
        return str(given)
    return str(max((entry for entry in given if entry["from"] <= year), key=lambda entry: entry["from"])["value"])


class Reader:
    """One indicator's numerator and denominator for a year and region, as exact fractions in base units."""

    def __init__(self, cells: Cells, year: int, region: str) -> None:
        self._cells, self._year, self._region = cells, year, region

    def parts(self, indicator_id: str) -> tuple[Fraction, Fraction | None]:
        """Numerator, and denominator of a ratio."""
        return self._row(indicator_id, {}, self._year)

    def _row(self, indicator_id: str, labels: Labels, year: int) -> tuple[Fraction, Fraction | None]:
        row = rows()[indicator_id]
        if row["kind"] in ("alias", "not_yet", "not_applicable"):
            raise NotTold(f"{indicator_id} is {row['kind']}")
        narrowed = _narrowed(labels, _filter(row["filter"]))
        if row["base_id"]:
            return self._row(row["base_id"], narrowed, year)
        above = row["measure"] or row["numerator_expression"]
        below = row["denominator_expression"]
        numerator = self._formula(above, narrowed, year)
        return numerator, self._formula(below, narrowed, year) if below else None

    def _formula(self, text: str, labels: Labels, year: int) -> Fraction:
        tokens = re.findall(r"[A-Za-z_][A-Za-z_0-9]*|\d+(?:\.\d+)?|[-+*/()\[\]=|,:;]", text)
        value, rest = self._sum(tokens, labels, year)
        assert not rest, (text, rest)
        return value

    def _sum(self, tokens: list[str], labels: Labels, year: int) -> tuple[Fraction, list[str]]:
        value, tokens = self._product(tokens, labels, year)
        while tokens and tokens[0] in "+-":
            sign = 1 if tokens[0] == "+" else -1
            right, tokens = self._product(tokens[1:], labels, year)
            value += sign * right
        return value, tokens

    def _product(self, tokens: list[str], labels: Labels, year: int) -> tuple[Fraction, list[str]]:
        value, tokens = self._factor(tokens, labels, year)
        while tokens and tokens[0] in "*/":
            right, rest = self._factor(tokens[1:], labels, year)
            value, tokens = (value * right if tokens[0] == "*" else value / right), rest
        return value, tokens

    def _factor(self, tokens: list[str], labels: Labels, year: int) -> tuple[Fraction, list[str]]:
        first, rest = tokens[0], tokens[1:]
        if first == "(":
            value, rest = self._sum(rest, labels, year)
            return value, rest[1:]
        if first[0].isdigit():
            return Fraction(first), rest
        if first == "prev":
            value, rest = self._sum(rest[1:], labels, year - 1)
            return value, rest[1:]
        if first == "when":
            return self._when(rest[1:], labels, year)
        if rest and rest[0] == "[":
            end = rest.index("]")
            labels, rest = _narrowed(labels, _filter("".join(rest[1:end]))), rest[end + 1 :]
        if first in rows():
            value, below = self._row(first, labels, year)
            assert below is None, first
            return value, rest
        return self._measure(first, labels, year), rest

    def _when(self, tokens: list[str], labels: Labels, year: int) -> tuple[Fraction, list[str]]:
        wanted, found = choice(tokens[0], self._year), None
        tokens = tokens[1:]
        while tokens[0] == ",":
            name, tokens = tokens[1], tokens[3:]
            if name == wanted:
                found, tokens = self._sum(tokens, labels, year)
            else:
                tokens = _skipped(tokens)
        assert found is not None, wanted
        return found, tokens[1:]

    def _measure(self, name: str, labels: Labels, year: int) -> Fraction:
        truth = Truth(self._cells, year, self._region)
        if name == "visits":
            kinds = _seen(
                labels,
                {"scheme", "member_status", "hospital_tier", "visit_type", "travel_class", "payment_place", "area"},
            )
            outside = truth.sum("settlement", "visits", kinds("settlement", truth))
            return Fraction(outside + truth.sum("stay", "stays", kinds("stay", truth)))
        if name in MONEY:
            keep = _seen(
                labels,
                {"scheme", "member_status", "hospital_tier", "visit_type", "travel_class", "payment_place", "area"},
            )
            return Fraction(truth.sum("settlement", MONEY[name], keep("settlement", truth)), 100)
        if name in STAY:
            keep = _seen(
                labels,
                {
                    "scheme",
                    "member_status",
                    "hospital_tier",
                    "visit_type",
                    "travel_class",
                    "payment_place",
                    "area",
                    "disease_payment",
                },
            )
            return Fraction(truth.sum("stay", STAY[name], keep("stay", truth)), 100 if name.endswith("yuan") else 1)
        if name in STAY_END:
            keep = _seen(
                labels, {"scheme", "member_status", "hospital_tier", "visit_type", "travel_class", "payment_place"}
            )
            found = truth.sum("stay", STAY_END[name], keep("stay", truth), "end_year")
            return Fraction(found, 100 if name.endswith("yuan") else 1)
        if name == "persons":
            known = {
                "scheme",
                "member_status",
                "employer_group",
                "sex",
                "fund_mode",
                "premium_subsidy",
                "resident_group",
                "household",
            }
            return Fraction(truth.sum("enrolment", "persons", _seen(labels, known)("enrolment", truth)))
        if name in ("fund_amount_yuan", "closing_balance_yuan"):
            keep = _seen(labels, {"scheme", "fund_type", "direction", "fund_item"})("fund", truth)
            stock = name == "closing_balance_yuan"

            def booked(cell: Mapping[str, Any]) -> bool:
                own = cell["item_code"] == "BAL" if stock else cell["direction"] in ("收入", "支出")
                return own and keep(cell)

            return Fraction(truth.sum("fund", "amount", booked), 100)
        if name in ASSISTANCE:
            keep = _seen(labels, {"scheme", "care_setting", "population_group"})("assistance", truth)
            return Fraction(truth.sum("assistance", ASSISTANCE[name], keep), 100 if name.endswith("yuan") else 1)
        if name == "allowance_payments":
            return Fraction(
                truth.sum("maternity_allowance", "payments", _seen(labels, set())("maternity_allowance", truth))
            )
        if name == "listed_persons":
            keep = _seen(labels, {"population_group", "list_cover"})("listed", truth)
            return Fraction(truth.sum("listed", "persons", keep))
        if name in NEGOTIATED:
            return Fraction(truth.sum("negotiated_drug", name, _seen(labels, {"scheme"})("negotiated_drug", truth)))
        if name in ("triple_visits", "triple_relief_yuan"):
            keep = _seen(labels, {"scheme"})("triple_protection", truth)
            told = Fraction(truth.sum("triple_protection", name.removeprefix("triple_").removesuffix("_yuan"), keep))
            return told / 100 if name.endswith("yuan") else told
        if name == "population_persons":
            return self._given("population", "population_kind", labels, year, "persons")
        if name == "reported_value":
            return self._given("reported", "reported_indicator", labels, year, "value")
        if name == "benefit_persons":
            return self._beneficiaries(labels, year)
        raise NotTold(name)

    def _given(self, table: str, label: str, labels: Labels, year: int, field: str) -> Fraction:
        if set(labels) - {label}:
            raise NotTold(f"{table} by {sorted(labels)}")
        column = "indicator_id" if table == "reported" else label
        found = [
            Fraction(str(cell[field])) * _units().get(cell.get("unit", "人"), 1)
            for cell in self._cells.of(table, "year", year)
            if cell["region_code"] == self._region and cell[column] in labels[label]
        ]
        if not found:
            raise NotTold(f"nothing given of {sorted(labels[label])} in {self._region}")
        return sum(found, Fraction(0))

    def _beneficiaries(self, labels: Labels, year: int) -> Fraction:
        if set(labels) - {"scheme", "paid_by"}:
            raise NotTold(f"persons by {sorted(labels)}")
        return Fraction(sum(
            cell["persons"]
            for cell in self._cells.of("beneficiary", "year", year)
            if cell["region_code"] == self._region and cell["paid_for"] == "total"
            and all(cell[label] in members for label, members in labels.items())
        ))  # fmt: skip


def _skipped(tokens: list[str]) -> list[str]:
    """What follows one case of a `when`."""
    depth = 0
    for place, token in enumerate(tokens):
        if depth == 0 and token in (",", ")"):
            return tokens[place:]
        depth += (token in "([") - (token in ")]")
    raise AssertionError("a case without an end")


def _filter(text: str) -> dict[str, frozenset[str]]:
    pairs = (part.partition("=") for part in re.split("[;,]", text) if part.strip())
    return {label.strip(): frozenset(member.strip() for member in members.split("|")) for label, _, members in pairs}


def _narrowed(labels: Labels, further: Labels) -> dict[str, frozenset[str]]:
    found = dict(labels)
    for label, members in further.items():
        found[label] = found[label] & members if label in found else members
    return found


def _seen(labels: Labels, known: set[str]) -> Callable[[str, Truth], Callable[[Mapping[str, Any]], bool]]:
    """A test of cells of a table by these labels. Raises NotTold for labels that the truth's cells do not carry."""
    if set(labels) - known:
        raise NotTold(f"no label {sorted(set(labels) - known)}")

    def of_table(table: str, truth: Truth) -> Callable[[Mapping[str, Any]], bool]:
        def keep(cell: Mapping[str, Any]) -> bool:
            # What is counted in stays never comes from settlements as a visit; money of stays does.
            return all(member in labels[label] for label, member in _labels_of(table, cell, truth, labels))

        return keep

    return of_table


def _labels_of(table: str, cell: Mapping[str, Any], truth: Truth, labels: Labels) -> Iterator[tuple[str, str]]:
    for label in labels:
        if label == "hospital_tier":
            yield label, cell["tier"]
        elif label == "area":
            yield label, "out_of_area" if truth.out_of_area(dict(cell)) else "local"
        elif label == "disease_payment":
            yield (
                label,
                f"{'eligible' if cell['eligible'] else 'other'}_{'paid' if cell['paid_by_disease'] else 'unpaid'}",
            )
        elif label == "scheme" and table == "fund":
            yield label, SCHEMES.get(cell["scheme_code"], "unknown")
        elif label == "fund_type":
            yield label, next((name for name, text in FUNDS.items() if text == cell["fund_type"]), "unknown")
        elif label == "direction":
            yield label, next(name for name, text in DIRECTIONS.items() if text == cell["direction"])
        elif label == "fund_item":
            yield label, next((name for name, codes in ITEMS.items() if cell["item_code"] in codes), "other")
        elif label == "care_setting":
            yield label, cell["setting"]
        else:
            yield label, cell[label]
