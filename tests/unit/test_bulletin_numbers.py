"""Digits a reader sees: units by size, rounding half up once, nothing that prints as 0.00."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.bulletin.figures import Figure, common_unit
from dagster_project.bulletin.numbers import Unit, converted, digits, fitting_unit, rounded
from dagster_project.language import Text


def figure(value: str | None, unit: str = "亿元", decimals: int = 2, **more: object) -> Figure:
    """A level figure of one value."""
    fields: dict[str, object] = {
        "indicator_id": "some_amount", "year": 2025, "region_code": "520000", "definition_id": "d", "kind": "level",
        "name": Text("某数", "some figure"), "unit": Unit.parse(unit), "decimals": decimals,
        "value": None if value is None else Decimal(value), "status": "provisional",
    }  # fmt: skip
    return Figure(**(fields | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "unit", "printed", "printed_unit"),
    [
        ("349.5", "亿元", "349.50", "亿元"),
        ("0.0349", "亿元", "349.00", "万元"),
        ("0.0000349", "亿元", "3490.00", "元"),
        ("0.82", "亿人次", "8200.00", "万人次"),
        ("0.0123", "亿人次", "123.00", "万人次"),
        ("0.00000738", "亿人次", "738", "人次"),
        ("0.0738", "万人", "738", "人"),
        ("4042.4", "元", "4042", "元"),
        ("0", "亿元", "0", "亿元"),
        ("-0.0349", "亿元", "-349.00", "万元"),
        ("8.25", "天", "8.3", "天"),
        ("0.004", "%", "0.004", "%"),
    ],
)
def test_units_follow_the_size(value: str, unit: str, printed: str, printed_unit: str) -> None:
    one = figure(value, unit, decimals={"元": 0, "天": 1}.get(unit, 2))
    assert (one.in_unit(), one.shown_unit().text) == (printed, printed_unit)


def test_rounding_is_half_up_away_from_zero() -> None:
    assert [str(rounded(Decimal(text), 1)) for text in ("0.25", "-0.25", "0.35", "8.449")] == [
        "0.3",
        "-0.3",
        "0.4",
        "8.4",
    ]


@given(
    st.decimals(min_value=-(10**12), max_value=10**12, places=2),
    st.sampled_from(["亿元", "万元", "亿人次", "万人", "%", "天"]),
)
@settings(max_examples=300, deadline=None)
def test_no_figure_but_zero_prints_as_zero(amount: Decimal, unit: str) -> None:
    parsed = Unit.parse(unit)
    one = figure(str(amount / parsed.factor), unit)
    printed = Decimal(one.in_unit())
    assert (printed == 0) == (amount == 0)
    if amount:
        # Counts are whole; the digits shown are the value rounded once, in the unit shown.
        shown = one.shown_unit()
        steps = Decimal(1).scaleb(-len(one.in_unit().partition(".")[2]))
        assert abs(printed - converted(one.value or Decimal(0), parsed, shown)) <= steps / 2


def test_figures_side_by_side_share_the_unit_of_the_smallest() -> None:
    listed = [figure("3.2", "亿人次"), figure("0.0002", "亿人次"), figure("0", "亿人次"), figure(None, "亿人次")]
    assert common_unit(listed).text == "万人次"
    assert common_unit([figure("3.2", "亿人次"), figure("0.00001", "亿人次")]).text == "人次"
    with pytest.raises(ValueError, match="different units"):
        common_unit([figure("1", "元"), figure("1", "天")])


def test_units_are_parsed_and_refuse_another_base() -> None:
    assert (Unit.parse("万人次").prefix, Unit.parse("万人次").base) == ("万", "人次")
    assert fitting_unit([], Unit.parse("亿元")).text == "亿元"
    with pytest.raises(ValueError, match="cannot be written"):
        converted(Decimal(1), Unit.parse("亿元"), Unit.parse("人"))


def test_figures_without_value_have_a_mark_and_never_a_zero() -> None:
    marks = [figure(None, status=status).in_unit() for status in ("suppressed", "not_computable", "break")]
    assert marks == ["—", "…", "※"]
    assert digits(Decimal("0.00"), 2) == "0"
