"""Published figures and the identities they obey: a load check of the reference series, with the known exceptions.

Belongs here: reading the two seeds, evaluating formulas on published figures (exact fractions, vintages, previous
years). Does not belong here: our own numbers; their identities are linear and run in dbt.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from dagster_project.dictionary.expression import (
    Expression,
    FormulaError,
    Number,
    Operation,
    Previous,
    Reference,
    parse,
)
from dagster_project.dictionary.indicators import SEEDS, load_indicators, load_units

NATION = "100000"
DEFAULT_VINTAGE = "bulletin"
# Known differences are printed rounded; a repeated evaluation may differ from them by this much.
PRINTED_STEP = Fraction(2, 100)

Figures = Mapping[tuple[str, int, str], Fraction]


@dataclass(frozen=True)
class IdentityResult:
    """One identity in one year. `difference` = left - right; status holds | known_exception | fails."""

    identity_id: str
    year: int
    expression: str
    left_value: float
    right_value: float
    difference: float
    tolerance: float
    expected_difference: float | None
    status: str
    note: str


class _Missing(Exception):
    """A figure the identity needs was not published."""


def read_figures(geography: str = NATION) -> dict[tuple[str, int, str], Fraction]:
    """Printed figures (derived ones excluded) in the unit of their indicator, by (indicator, year, vintage)."""
    units, indicators = load_units(), load_indicators()
    figures = {}
    with (SEEDS / "published.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            if row["geography"] != geography or row["derived"] == "1" or row["indicator_id"] not in indicators:
                continue
            factor = Fraction(units[row["unit"]]) / Fraction(units[indicators[row["indicator_id"]].unit])
            figures[row["indicator_id"], int(row["year"]), row["vintage"]] = Fraction(row["value"]) * factor
    return figures


def evaluate_identities(figures: Figures | None = None) -> list[IdentityResult]:
    """All identities in all their years on the published figures; years with a missing term are skipped."""
    known_figures = read_figures() if figures is None else figures
    with (SEEDS / "published_identities.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    exceptions = {
        (row["identity_id"], int(row["year_from"])): row for row in rows if row["row_type"] == "known_exception"
    }
    results = []
    for row in rows:
        if row["row_type"] != "identity":
            continue
        for year in range(int(row["year_from"]), int(row["year_to"]) + 1):
            result = _judge(row, year, known_figures, exceptions.get((row["identity_id"], year)))
            if result is not None:
                results.append(result)
    return results


def _judge(
    row: Mapping[str, str], year: int, figures: Figures, exception: Mapping[str, str] | None
) -> IdentityResult | None:
    formula = parse(row["expression"])
    if formula.right is None:
        raise FormulaError(f"{row['identity_id']} states nothing: {row['expression']!r}")
    try:
        left, right = _value(formula.left, year, figures), _value(formula.right, year, figures)
    except _Missing:
        return None
    difference, tolerance = left - right, Fraction(row["tolerance"])
    holds = difference <= tolerance if formula.comparison == "<=" else abs(difference) <= tolerance
    status, note, expected = ("holds" if holds else "fails"), row["note"], None
    if exception is not None:
        expected = Fraction(exception["expected_difference"])
        if not holds and abs(difference - expected) <= PRINTED_STEP:
            status, note = "known_exception", exception["note"]
    return IdentityResult(
        identity_id=row["identity_id"],
        year=year,
        expression=row["expression"],
        left_value=float(left),
        right_value=float(right),
        difference=float(difference),
        tolerance=float(tolerance),
        expected_difference=None if expected is None else float(expected),
        status=status,
        note=note,
    )


def _value(node: Expression, year: int, figures: Figures) -> Fraction:
    if isinstance(node, Number):
        return Fraction(node.value)
    if isinstance(node, Previous):
        return _value(node.inner, year - 1, figures)
    if isinstance(node, Reference):
        if node.labels:
            raise FormulaError(f"published figures carry no labels: {node}")
        try:
            return figures[node.name, year, node.vintage or DEFAULT_VINTAGE]
        except KeyError:
            raise _Missing from None
    if isinstance(node, Operation):
        return _operate(node.symbol, _value(node.left, year, figures), _value(node.right, year, figures))
    raise FormulaError(f"published figures know no switches: {node}")


def _operate(symbol: str, left: Fraction, right: Fraction) -> Fraction:
    if symbol == "+":
        return left + right
    if symbol == "-":
        return left - right
    return left * right if symbol == "*" else left / right
