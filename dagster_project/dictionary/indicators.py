"""The indicator dictionary: one row an indicator, prose and machine columns.

Belongs here: reading `dbt/seeds/indicator_dictionary.csv` and `unit.csv` into typed rows, and the list of measures that
cubes offer. Does not belong here: turning rows into terms (`compile.py`).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from dagster_project.settings import PROJECT_ROOT

SEEDS = PROJECT_ROOT / "dbt" / "seeds"
KINDS = ("count", "sum", "ratio", "derived", "lag", "reported", "alias", "not_yet", "not_applicable")
# Kinds without a figure of their own: shown under another id, or stated why there is none.
WITHOUT_FIGURE = ("alias", "not_yet", "not_applicable")

# Measures by the labelled cube that holds them; a measure has one name in all cubes, so formulas need no cube names.
MEASURES: dict[str, str] = {
    measure: cube
    for cube, measures in {
        "settlement": (
            "total_fee_yuan", "full_own_pay_yuan", "in_scope_fee_yuan", "pool_pay_yuan", "fund_pay_yuan",
            "assistance_pay_yuan", "account_pay_yuan", "family_account_pay_yuan", "cash_pay_yuan",
            "serious_illness_pay_yuan", "settled_visits", "family_account_uses",
        ),
        "visit": ("visits",),
        "stay": (
            "stays", "bed_days_min1", "bed_days_plus1", "stay_total_fee_yuan", "stay_pool_pay_yuan",
            "stay_fund_pay_yuan", "stay_assistance_pay_yuan",
        ),
        "stay_end": ("ended_stays", "ended_stay_fee_yuan"),
        "enrolment": ("persons",),
        "fund": ("fund_amount_yuan", "closing_balance_yuan"),
        "population": ("population_persons",),
        "maternity_allowance": ("allowance_payments",),
        "assistance": ("assistance_encounters", "assistance_payments", "assistance_paid_yuan"),
        "premium_subsidy": ("subsidised_persons",),
        "reported": ("reported_value",),
        "person": ("benefit_persons",),
        "told": ("told_amount",),
        "filing": ("filings",),
        "listed": ("listed_persons",),
        "negotiated_drug": ("negotiated_lines", "negotiated_drug_settlements", "negotiated_settlements"),
        "large_exam": ("large_exam_yuan", "repeated_exam_yuan"),
        "triple_protection": ("triple_visits", "triple_relief_yuan"),
        "assisted_care": ("assisted_visits", "assisted_relief_yuan"),
        "listed_care": ("listed_visits", "listed_assistance_yuan"),
        "payment": (
            "paid_yuan", "claim_payments", "claim_working_days", "month_end_payments", "month_end_working_days",
        ),
    }.items()
    for measure in measures
}  # fmt: skip

# Labels by which cells are chosen and broken down, in the order of the columns of the long measure table.
LABELS = (
    "scheme", "member_status", "hospital_tier", "visit_type", "travel_class", "area", "payment_place", "age_group",
    "sex", "employer_group", "fund_mode", "resident_group", "household", "premium_subsidy", "person_group",
    "population_group", "destination", "benefit_type", "care_setting", "disease_payment", "fund_type", "direction",
    "fund_item", "care_pilot", "filing_way", "payment_kind", "population_kind", "reported_indicator", "paid_by",
    "two_disease", "subsidy_source", "list_cover", "stay_filing", "referral",
)  # fmt: skip
OWN_COLUMNS = ("scheme", "member_status", "hospital_tier", "visit_type", "travel_class")


@dataclass(frozen=True)
class Indicator:
    """One row of the dictionary. Texts are kept as written; lists are split."""

    indicator_id: str
    name_zh: str
    name_en: str
    section: str
    unit: str
    display_decimals: int
    kind: str
    measure: str
    filter: tuple[tuple[str, tuple[str, ...]], ...]
    base_id: str
    numerator_expression: str
    denominator_expression: str
    scale: Decimal
    breakdowns: tuple[str, ...]  # as the prose names them
    breakdown_labels: tuple[str, ...]
    scheme_label: str
    tier_label: str
    switches: tuple[str, ...]
    extracts: tuple[str, ...]
    alias_of: str
    alias_vintage: str
    alias_geography: str
    reason_zh: str
    reason_en: str
    headline: bool


@dataclass(frozen=True)
class ReturnedItem:
    """Something that departments return and that is no indicator of its own, such as the gross domestic product."""

    item_id: str
    name_zh: str
    name_en: str
    unit: str
    measure_kind: str
    scheme: str


@lru_cache(maxsize=1)
def load_returned_items() -> dict[str, ReturnedItem]:
    """Items of the departmental returns beside the indicators, by id."""
    with (SEEDS / "returned_item.csv").open(encoding="utf-8", newline="") as handle:
        return {row["item_id"]: ReturnedItem(**row) for row in csv.DictReader(handle)}


def returned_name(item_id: str) -> tuple[str, str]:
    """Chinese and English name of a returned item: an indicator's, or that of an item beside them; its id where unknown."""
    named = load_indicators().get(item_id) or load_returned_items().get(item_id)
    return (named.name_zh, named.name_en) if named else (item_id, item_id)


def split_list(text: str) -> tuple[str, ...]:
    """Parts of a `;` separated cell."""
    return tuple(part.strip() for part in text.split(";") if part.strip())


def read_pairs(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """`scheme=employee; visit_type=outpatient|chronic` as label pairs."""
    pairs = []
    for part in split_list(text):
        label, _, members = part.partition("=")
        pairs.append((label.strip(), tuple(member.strip() for member in members.split("|"))))
    return tuple(pairs)


def read_rows() -> list[dict[str, str]]:
    """The dictionary as written, every column as text."""
    with (SEEDS / "indicator_dictionary.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@lru_cache(maxsize=1)
def load_units() -> dict[str, Decimal]:
    """Factor of every unit to its base unit (persons, visits, yuan, days ...)."""
    with (SEEDS / "unit.csv").open(encoding="utf-8", newline="") as handle:
        return {row["unit"]: Decimal(row["factor"]) for row in csv.DictReader(handle)}


@lru_cache(maxsize=1)
def load_indicators() -> dict[str, Indicator]:
    """All indicators by id, in the order of the dictionary."""
    return {indicator.indicator_id: indicator for indicator in map(_indicator, read_rows())}


def _indicator(row: dict[str, str]) -> Indicator:
    return Indicator(
        **{name: row[name] for name in _TEXTS},
        display_decimals=int(row["display_decimals"]),
        filter=read_pairs(row["filter"]),
        scale=Decimal(row["scale"]),
        breakdowns=split_list(row["breakdowns"]),
        breakdown_labels=split_list(row["breakdown_labels"]),
        switches=split_list(row["switches"]),
        extracts=split_list(row["extracts"]),
        headline=row["headline"] == "Y",
    )


_TEXTS: tuple[str, ...] = (
    "indicator_id", "name_zh", "name_en", "section", "unit", "kind", "measure", "base_id", "numerator_expression",
    "denominator_expression", "scheme_label", "tier_label", "alias_of", "alias_vintage", "alias_geography",
    "reason_zh", "reason_en",
)  # fmt: skip
