"""A tiny warehouse for disclosure control: a few enrolled persons and settlements, the figures on them, the cubes.

Belongs here: the tables that disclosure control reads, in their columns. Does not belong here: asserts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from dagster_project.disclosure import Disclosed, Parameters
from dagster_project.serving.disclosed import disclosed
from dagster_project.settings import Settings

YEAR = 2025
_AMOUNTS = (
    "total_fee_yuan", "full_own_pay_yuan", "in_scope_fee_yuan", "pool_pay_yuan", "fund_pay_yuan", "assistance_pay_yuan",
    "account_pay_yuan", "family_account_pay_yuan", "cash_pay_yuan",
)  # fmt: skip
_PLACE = "province varchar, region_code varchar, year integer"
_LABELS = "scheme varchar, member_status varchar, hospital_tier varchar, visit_type varchar, travel_class varchar, payment_place varchar"
_MONEY = ", ".join(f"{name} decimal(24, 2)" for name in _AMOUNTS)
_TABLES = f"""
create schema ops; create schema indicator; create schema core;
create table indicator.labelled_settlement ({_PLACE}, month integer, {_LABELS}, visits bigint, row_count bigint, {_MONEY});
create table indicator.labelled_stay ({_PLACE}, month integer, end_year integer, {_LABELS}, stays bigint, bed_days_min1 bigint,
    bed_days_plus1 bigint, {_MONEY});
create table indicator.labelled_enrolment ({_PLACE}, scheme varchar, member_status varchar, age_group varchar, sex varchar,
    persons bigint);
create table indicator.labelled_allowance ({_PLACE}, benefit_type varchar, payments bigint);
create table indicator.labelled_filing ({_PLACE}, scheme varchar, travel_class varchar, filing_way varchar, filings bigint);
create table indicator.labelled_listed ({_PLACE}, population_group varchar, list_cover varchar, persons bigint);
create table indicator.labelled_negotiated_drug ({_PLACE}, scheme varchar, lines bigint, drug_settlements bigint, settlements bigint);
create table indicator.labelled_large_exam ({_PLACE}, scheme varchar, exams bigint, repeated_exams bigint);
create table indicator.labelled_triple_protection ({_PLACE}, scheme varchar, visits bigint, relief_yuan decimal(24, 2));
create table indicator.labelled_assisted_care ({_PLACE}, scheme varchar, visits bigint, relief_yuan decimal(24, 2));
create table indicator.labelled_listed_care ({_PLACE}, scheme varchar, care_setting varchar, visits bigint);
create table indicator.labelled_assistance ({_PLACE}, scheme varchar, care_setting varchar, encounters bigint);
create table indicator.labelled_premium_subsidy ({_PLACE}, subsidy_source varchar, persons bigint);
create table indicator.labelled_outsider ({_PLACE}, origin_province varchar, hospital_tier varchar, visit_type varchar,
    settlement_way varchar, visits bigint, row_count bigint, total_fee_yuan decimal(24, 2), fund_pay_yuan decimal(24, 2));
create table indicator.labelled_family_aid ({_PLACE}, aid_relation varchar, pairs bigint, uses bigint, care_yuan decimal(24, 2),
    premium_yuan decimal(24, 2), other_yuan decimal(24, 2));
create table indicator.labelled_person ({_PLACE}, scheme varchar, any_settlement varchar, any_fund varchar, pool varchar,
    two_disease_any_settlement varchar, two_disease_any_fund varchar, two_disease_pool varchar, serious_illness varchar,
    persons bigint);
create table indicator.indicator_term (province varchar, year integer, data_year integer, indicator_id varchar,
    term_number integer, role varchar, cube varchar, measure varchar, coefficient decimal(8, 2), lag_years integer,
    counts_units boolean, selection_id integer, scheme varchar, member_status varchar, hospital_tier varchar,
    visit_type varchar, travel_class varchar, payment_place varchar, paid_by varchar);
create table indicator.indicator_value (indicator_id varchar, definition_id varchar, vintage varchar, year integer,
    month integer, region_code varchar, region_level varchar, scheme varchar, member_status varchar, hospital_tier varchar,
    visit_type varchar, travel_class varchar, other_dimension varchar, other_member varchar, period_kind varchar,
    numerator decimal(28, 2), denominator decimal(28, 2), value double, unit varchar, status varchar, reason varchar,
    support_count bigint, breakdown varchar);
"""
_LABEL_NAMES = ("scheme", "member_status", "hospital_tier", "visit_type", "travel_class", "payment_place")


class TinyHome:
    """A warehouse that is filled with units and with the figures that are added up from them."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home, threads=1)
        home.mkdir(parents=True, exist_ok=True)
        self.connection = duckdb.connect(str(self.settings.warehouse))
        self.connection.execute(_TABLES)

    def enrol(self, region: str, scheme: str, status: str, persons: int) -> None:
        """Some insured persons."""
        self.connection.execute(
            "insert into indicator.labelled_enrolment values ('520000', ?, ?, ?, ?, '18-59', 'male', ?)",
            [region, YEAR, scheme, status, persons],
        )

    def draw(self, region: str, kinds: str, persons: int) -> None:
        """Some employees for whom the pooled fund paid just these kinds of visit in the year."""
        self._insert(
            "labelled_person", ["520000", region, YEAR, "employee", kinds, kinds, kinds, "", "", "", "", persons]
        )

    def settle(self, region: str, month: int, visits: int, **labels: str) -> None:
        """Some settlements of one month, each a visit of 100 yuan."""
        chosen = {"scheme": "employee", "member_status": "active", "visit_type": "outpatient", "travel_class": "local"}
        chosen |= {"hospital_tier": "tertiary", "payment_place": "4", **labels}
        amounts = [100 * visits] * len(_AMOUNTS)
        values = ["520000", region, YEAR, YEAR * 100 + month, *(chosen[name] for name in _LABEL_NAMES), visits, visits]
        self._insert("labelled_settlement", [*values, *amounts])

    def treat(self, region: str, origin: str, visits: int, **labels: str) -> None:
        """Some visits of people insured elsewhere, each of 100 yuan."""
        chosen = {"hospital_tier": "tertiary", "visit_type": "outpatient", "settlement_way": "direct", **labels}
        values = ["520000", region, YEAR, origin, *chosen.values(), visits, visits, 100 * visits, 60 * visits]
        self._insert("labelled_outsider", values)

    def _insert(self, table: str, values: list[Any]) -> None:
        self.connection.execute(f"insert into indicator.{table} values ({', '.join('?' * len(values))})", values)

    def term(self, indicator: str, role: str, measure: str, cube: str, **labels: str) -> None:
        """One term of an indicator."""
        values = ["520000", YEAR, YEAR, indicator, 1, role, cube, measure, 1, 0, True, 1]
        self._insert("indicator_term", [*values, *(labels.get(name) for name in (*_LABEL_NAMES, "paid_by"))])

    def figure(
        self, indicator: str, region: str, numerator: int, denominator: int | None = None, **labels: Any
    ) -> None:
        """One value, of a whole or of one member of a breakdown; `month` gives that of one month."""
        month = labels.pop("month", None)
        breakdown = next(iter(labels), "month" if month else "total")
        level = "province" if region == "520000" else "prefecture"
        own = [labels.get(name, "total") for name in _LABEL_NAMES[:5]]
        other = [breakdown, labels[breakdown]] if breakdown == "payment_place" else ["total", "total"]
        value = numerator if denominator is None else 100 * numerator / denominator
        unit = "人次" if denominator is None else "%"
        support = numerator if denominator is None else min(numerator, denominator)
        values = [indicator, "d", "working", YEAR, month and YEAR * 100 + month, region, level, *own, *other]
        values += ["month" if month else "year", numerator, denominator, value, unit, "provisional", None, support]
        self._insert("indicator_value", [*values, breakdown])

    def disclosed(self) -> Disclosed:
        """Values and cubes after disclosure control."""
        raw = self.connection.execute("select * from indicator.indicator_value").pl()
        return disclosed(self.connection, raw, Parameters())


def withheld(done: Disclosed) -> set[tuple[Any, ...]]:
    """(indicator, region, part) of the withheld values; the part is '' for a whole."""
    part = pl.coalesce(
        pl.when(pl.col(name) != "total").then(pl.col(name)) for name in (*_LABEL_NAMES[:5], "other_member")
    ).fill_null("")
    hidden = done.values.filter(pl.col("status") == "suppressed")
    month = pl.col("month").cast(pl.String).fill_null("")
    return set(hidden.select("indicator_id", "region_code", (part + month).alias("part")).iter_rows())
