"""Primary suppression: what must not survive, what must stay, and that nothing depends on order."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.disclosure import (
    SUPPRESSED,
    Parameters,
    disclose,
    load_parameters,
    suppress_comparisons,
    suppress_indicators,
)
from dagster_project.errors import UserError

SCHEMA = {
    "indicator_id": pl.String,
    "region_code": pl.String,
    "year": pl.Int64,
    "numerator": pl.Decimal(18, 2),
    "denominator": pl.Decimal(18, 2),
    "value": pl.Float64,
    "unit": pl.String,
    "status": pl.String,
    "reason": pl.String,
    "support_count": pl.Int64,
}
PARAMETERS = Parameters()
SMALL = range(1, PARAMETERS.min_cell)


@st.composite
def indicator_rows(draw: st.DrawFn) -> dict[str, object]:
    """One row as the warehouse may hold it: counts, money, ratios, ledgers, not computable ones."""
    unit = draw(st.sampled_from(["万人", "亿人次", "人次", "%", "元", "亿元", "天", None]))
    numerator = draw(st.none() | st.integers(0, 40))
    denominator = draw(st.none() | st.integers(1, 40))
    return {
        "indicator_id": draw(st.sampled_from(["a", "b", "c"])),
        "region_code": draw(st.sampled_from(["520000", "520100"])),
        "year": draw(st.integers(2023, 2025)),
        "numerator": numerator,
        "denominator": denominator,
        "value": None if numerator is None else numerator / (denominator or 1),
        "unit": unit,
        "status": draw(st.sampled_from(["provisional", "final", "not_computable"])),
        "reason": None,
        "support_count": draw(st.none() | st.integers(0, 40)),
    }


def frame_of(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA)


@given(st.lists(indicator_rows(), max_size=30))
@settings(max_examples=100, deadline=None)
def test_no_value_on_a_small_support_survives(rows: list[dict[str, object]]) -> None:
    result = suppress_indicators(frame_of(rows), PARAMETERS)
    assert result.height == len(rows)
    for before, after in zip(rows, result.iter_rows(named=True), strict=True):
        if before["support_count"] in SMALL:
            assert after["status"] == SUPPRESSED
            assert (after["value"], after["numerator"], after["denominator"]) == (None, None, None)
        assert after["support_count"] not in SMALL
        if after["unit"] in ("万人", "亿人次", "人次"):
            assert after["numerator"] not in SMALL


@given(st.lists(indicator_rows(), max_size=30))
@settings(max_examples=100, deadline=None)
def test_ledgers_zeros_and_large_cells_are_left_alone(rows: list[dict[str, object]]) -> None:
    frame = frame_of(rows)
    result = suppress_indicators(frame, PARAMETERS)
    for before, after in zip(frame.iter_rows(named=True), result.iter_rows(named=True), strict=True):
        is_money = before["unit"] in ("元", "亿元")
        if is_money and before["support_count"] is None:
            assert after == before
        if before["numerator"] == 0 and before["support_count"] in (None, 0):
            assert after == before
        if (before["support_count"] or 0) >= PARAMETERS.min_cell and is_money:
            assert after == before


@given(st.lists(indicator_rows(), max_size=20), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_choice_depends_on_the_cell_alone(rows: list[dict[str, object]], random: object) -> None:
    shuffled = list(range(len(rows)))
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    straight = suppress_indicators(frame_of(rows), PARAMETERS)
    other = suppress_indicators(frame_of([rows[index] for index in shuffled]), PARAMETERS)
    assert other.equals(straight[shuffled]) if rows else other.is_empty()
    assert suppress_indicators(straight, PARAMETERS).equals(straight)


def test_a_change_below_zero_stands_on_its_stocks_and_a_count_below_zero_on_its_units() -> None:
    row = {"indicator_id": "a", "region_code": "520100", "year": 2025, "denominator": None, "value": -5.0, "unit": "人",
           "status": "provisional", "reason": None, "numerator": -5}  # fmt: skip
    frame = frame_of([row | {"support_count": 1200}, row | {"support_count": 5}, row | {"support_count": -5}])
    assert suppress_indicators(frame, PARAMETERS)["status"].to_list() == ["provisional", SUPPRESSED, SUPPRESSED]


def test_a_comparison_does_not_give_the_suppressed_year_away() -> None:
    comparisons = pl.DataFrame(
        {
            "indicator_id": ["a", "a", "b"],
            "region_code": ["520100"] * 3,
            "year": [2024, 2025, 2025],
            "value": [5.0, 20.0, 3.0],
            "previous_value": [11.0, 5.0, 2.0],
            "change": [-6.0, 15.0, 1.0],
            "growth_percent": [-54.5, 300.0, 50.0],
        }
    )
    hidden = pl.DataFrame({"indicator_id": ["a"], "region_code": ["520100"], "year": [2024]})
    result = suppress_comparisons(comparisons, hidden)
    assert result.row(0)[3:] == (None, None, None, None)
    assert result.row(1)[3:] == (20.0, None, None, None)
    assert result.row(2) == comparisons.row(2)


def test_every_decision_is_recorded_without_its_count() -> None:
    row = {
        "region_code": "520100",
        "year": 2025,
        "denominator": None,
        "unit": "人次",
        "status": "provisional",
        "reason": None,
    }
    rows = [
        row | {"indicator_id": "a", "numerator": 5, "value": 5.0, "support_count": 5},
        row | {"indicator_id": "b", "numerator": 50, "value": 50.0, "support_count": 50},
    ]
    done = disclose(frame_of(rows), {}, {}, None, PARAMETERS)
    assert done.decisions.to_dicts() == [
        {"indicator_id": "a", "region_code": "520100", "year": 2025, "rule": "small_cell", "min_cell": 10}
    ]


def test_the_shipped_parameters_suppress_one_to_nine() -> None:
    assert load_parameters().min_cell == 10


def test_a_wrong_parameter_is_a_message(tmp_path: Path) -> None:
    path = tmp_path / "parameters.yml"
    path.write_text("min_cell: few\n", encoding="utf-8")
    with pytest.raises(UserError, match="whole number"):
        load_parameters(path)
