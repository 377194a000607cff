"""The grammar of formulas: what it reads, and where it says no."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dagster_project.dictionary.expression import (
    FormulaError,
    Number,
    Operation,
    Previous,
    Reference,
    When,
    parse,
    parse_expression,
    references,
)


def test_products_bind_stronger_than_sums_and_equal_ones_from_the_left() -> None:
    node = parse_expression("a - b - 2 * c / d")
    assert node == Operation(
        "-",
        Operation("-", Reference("a"), Reference("b")),
        Operation("/", Operation("*", Number(Decimal(2)), Reference("c")), Reference("d")),
    )


def test_previous_year_vintage_and_comparison() -> None:
    formula = parse("100 * (x / prev(x@data_series) - 1) = 10.2")
    assert formula.comparison == "="
    assert formula.right == Number(Decimal("10.2"))
    assert [one.vintage for one in references(formula.left)] == [None, "data_series"]
    assert parse("prev(a) <= a").left == Previous(Reference("a"))


def test_labels_may_hold_codes_and_alternatives() -> None:
    node = parse_expression("stays[payment_place=4|1, tier=tertiary]")
    assert node == Reference("stays", None, (("payment_place", ("4", "1")), ("tier", ("tertiary",))))


def test_when_chooses_by_a_switch() -> None:
    node = parse_expression("when(bed_rule, min1: a, plus1: a + b)")
    assert node == When(
        "bed_rule", (("min1", Reference("a")), ("plus1", Operation("+", Reference("a"), Reference("b"))))
    )


def test_a_minus_before_a_value() -> None:
    assert parse_expression("-a") == Operation("-", Number(Decimal(0)), Reference("a"))


@pytest.mark.parametrize(
    "text",
    ["", "a +", "a b", "(a", "prev(a", "a[", "a[x]", "a[x=]", "when(s)", "when(s, v a)", "a = b = c", "a ? b", "1.2.3"],
)
def test_what_is_not_a_formula_is_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        parse(text)


def test_a_statement_is_not_an_expression() -> None:
    with pytest.raises(FormulaError, match="comparison"):
        parse_expression("a = b")
