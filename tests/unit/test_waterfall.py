"""Parts of a change by cause: that they add up, what has none, the definitions of a vintage put together again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.causes.declared import declared_then
from dagster_project.dictionary import load_switches
from dagster_project.dictionary.code_map import Mapped, add_decision, in_force
from dagster_project.dictionary.definitions import Pooling, load_national
from dagster_project.dictionary.pooling import CROSS_REGION_BASE, describe_pooling
from dagster_project.explain.cause_lines import cause_lines
from dagster_project.explain.differences import changed_lines
from dagster_project.explain.quantity import in_parts, together
from dagster_project.explain.vintages import COMPARED, KEY, Difference, Vintage, changes_between, comparable
from dagster_project.explain.waterfall import (
    CAUSES,
    CORRECTED,
    DEFINITIONS,
    LATE,
    MEASURES,
    OLD,
    REVERSALS,
    TAKEN_OUT,
    Waterfall,
    disagreement,
    split_changes,
    surplus,
)  # fmt: skip
from dagster_project.settings import Settings

YEAR = 2025
EVERY = (OLD, TAKEN_OUT, LATE, CORRECTED, REVERSALS, DEFINITIONS)
Numbers = dict[str, tuple[float | None, str]]


def frame(numbers: Numbers) -> pl.DataFrame:
    """Values and statuses of indicators of one region and year."""
    same = dict.fromkeys(KEY, "total") | {"year": YEAR, "month": None, "period_kind": "year", "region_code": "520000"}
    rows = [
        same | {"indicator_id": name, "value": value, "numerator": value, "denominator": None, "status": status, "definition_id": "d"}
        for name, (value, status) in numbers.items()
    ]  # fmt: skip
    kinds = dict.fromkeys(MEASURES, pl.Float64) | {"month": pl.Int32}
    return comparable(pl.DataFrame(rows, schema_overrides=kinds).select(*KEY, *COMPARED))


def difference(old: Numbers, new: Numbers) -> Difference:
    compared, changes = changes_between(frame(old), frame(new), YEAR)
    return Difference(
        YEAR, Vintage("2026-01-01_monthly", "", True), Vintage("2026-02-01_draft", "", False), compared, changes, {}
    )


def split(*states: Numbers, steps: tuple[int, ...] = EVERY) -> tuple[Difference, Waterfall]:
    """The parts of a change through these states, the first and last of which are the vintages."""
    found = difference(states[0], states[-1])
    levels = {step: frame(state) for step, state in zip(steps, states, strict=True)}
    return found, Waterfall(steps, split_changes(found, levels))


VALUES = (
    st.floats(-1e9, 1e9, allow_nan=False)
    | st.integers(-10_000, 10_000).map(float)
    | st.sampled_from([1 / 3, 2 / 3, 0.1])
)


@given(st.lists(VALUES, min_size=6, max_size=6))
def test_L85_parts_add_up_to_the_change_whatever_the_number(levels: list[float]) -> None:
    found, told = split(*({"n": (level, "provisional")} for level in levels))
    for row in told.rows:
        for measure in ("value", "numerator"):
            parts = [Fraction(row[f"{measure}_{name}"]) for name in CAUSES.values()]
            whole = Fraction(repr(levels[-1])) - Fraction(repr(levels[0]))
            assert sum(parts) == Fraction(row[f"{measure}_change"]) == whole
        assert row["denominator_change"] is None
    assert len(told.rows) == found.changes.height


@given(st.lists(st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: Decimal(repr(x))), min_size=6, max_size=6))
def test_printed_parts_add_up_to_the_printed_change(levels: list[Decimal]) -> None:
    change, *parts = (Decimal(text.replace(",", "")) for text in in_parts(levels, "万人", 2))
    assert sum(parts, Decimal(0)) == change


def test_parts_are_in_the_unit_of_their_number_with_the_digits_that_show_them() -> None:
    ends = [Decimal("0.01"), Decimal("0.0123")]
    assert together(ends, "万人", 2, "zh") == (["100", "123"], "人")
    assert in_parts([ends[0], Decimal("0.0099"), ends[1]], "万人", 2) == ["+23", "-1", "+24"]
    # 12.34 and 12.35 are told apart with two digits; a part of a thousandth needs three.
    assert in_parts([Decimal("12.34"), Decimal("12.341"), Decimal("12.35")], "万人", 2) == [
        "+0.010",
        "+0.001",
        "+0.009",
    ]
    assert in_parts([Decimal(1), Decimal(1)], "万人", 2) == ["0", "0"]


def test_a_cause_that_moved_nothing_has_a_nought_and_no_step() -> None:
    found, told = split({"n": (10.0, "provisional")}, {"n": (12.5, "provisional")}, steps=(OLD, LATE))
    (row,) = told.rows
    assert {name: row[f"value_{name}"] for name in CAUSES.values()} == {
        "taken_out": 0, "late": Decimal("2.5"), "corrected": 0, "reversal": 0, "definitions": 0,
    }  # fmt: skip
    lines = cause_lines(told, changed_lines(found), found.changes.to_dicts(), "zh")
    assert lines[1].split() == ["变动", "撤出", "迟到数据", "更正", "冲销", "口径变更"]
    assert lines[2].split()[:6] == ["+2.50", "0", "+2.50", "0", "0", "0"]


def test_what_is_withheld_or_no_number_has_no_parts_and_says_so() -> None:
    sure, none = "provisional", "not_computable"
    old: Numbers = {"few": (None, "suppressed"), "came": (None, none), "gap": (1.0, sure)}
    between: Numbers = {"few": (7.0, sure), "came": (5.0, sure), "gap": (None, none)}
    new: Numbers = {"few": (20.0, sure), "came": (6.0, sure), "gap": (2.0, sure), "first": (3.0, sure)}
    found, told = split(old, between, new, steps=(OLD, LATE, CORRECTED))
    lines = cause_lines(told, changed_lines(found, "en"), found.changes.to_dicts(), "en")
    said = {change["indicator_id"]: line for change, line in zip(found.changes.to_dicts(), lines[2:], strict=True)}
    assert all(
        row[f"{measure}_{name}"] is None for row in told.rows for measure in MEASURES for name in ("change", "late")
    )
    assert "withheld, not split" in said["few"] and "7" not in said["few"].partition(":")[0]
    assert "there or not by late, not split" in said["came"]
    assert "there or not by late, corrected, not split" in said["gap"]
    assert "there or not by corrected, not split" in said["first"]


def test_nothing_is_split_where_an_end_is_not_the_vintage() -> None:
    vintage: Numbers = {"n": (10.0, "final"), "few": (None, "suppressed")}
    assert disagreement(frame(vintage), frame({"n": (10.0, "provisional"), "few": (3.0, "provisional")})).is_empty()
    for other in ({"n": (10.000001, "final")}, {"n": (None, "not_computable")}, {}):
        assert disagreement(frame(vintage), frame({"few": (3.0, "final")} | other))["indicator_id"].to_list() == ["n"]
    moved = frame(vintage).with_columns(definition_id=pl.lit("another"))
    assert disagreement(frame(vintage), moved)["indicator_id"].to_list() == ["n"]
    found = difference(vintage, vintage | {"later": (1.0, "final")})
    assert surplus(found, frame({"later": (1.0, "final")}), is_new=False).height == 1
    assert surplus(found, frame({"later": (1.0, "final")}), is_new=True).is_empty()


def test_definitions_of_a_vintage_are_put_together_again() -> None:
    present = replace(load_national(), code="980000")
    switch = "reversal_measure"
    now = present.choice(switch, YEAR)
    other = next(value for value in load_switches()[switch].values if value != now)

    def told(**years: str) -> Any:
        spelt = {name: {switch: value} for name, value in years.items()}
        return declared_then(present, [(int(name[1:]), name) for name in years], spelt)

    assert told(y2024=now, y2025=now) == present
    always = told(y2024=other, y2025=other)
    assert [always.choice(switch, year) for year in (2010, 2023, 2024, 2025, 2026)] == [other] * 5
    dated = told(y2024=now, y2025=other)
    assert [dated.choice(switch, year) for year in (2010, 2023, 2024, 2025)] == [now, now, now, other]
    assert declared_then(present, [(2025, "unknown")], {}) == present


def test_pooling_of_a_vintage_is_put_together_again() -> None:
    code = "980000"
    present = replace(load_national(), code=code)
    pools = [Pooling(code, date(2000, 1, 1), "prefecture"), Pooling(code, date(2024, 7, 1), "province")]
    pools.append(Pooling("980100", date(2000, 1, 1), "province"))
    then = replace(present, pooling=[*present.pooling, *pools])
    spelt: dict[str, dict[str, str]] = {
        str(year): {CROSS_REGION_BASE: describe_pooling(then, year)} for year in (2023, 2024, 2025)
    }
    again: Any = declared_then(present, [(int(year), year) for year in spelt], spelt)
    for year in (2023, 2024, 2025):
        assert describe_pooling(again, year) == describe_pooling(then, year)


def test_codes_mapped_after_a_vintage_are_no_codes_of_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, threads=1)
    for target, day in (("chronic_outpatient", "01"), ("pharmacy", "03")):
        decision = Mapped("med_type", "9977", target, f"2026-03-{day}T08:00:00", "test")
        add_decision(settings, "980000", decision)

    def then(moment: str) -> str | None:
        return in_force(settings.provinces, "980000", moment)["med_type"].get("9977")

    assert [then("2026-02-28T00:00:00Z"), then("2026-03-01T08:00:00Z"), then("2026-03-02T00:00:00Z"), then("")] == [
        None, "chronic_outpatient", "chronic_outpatient", "pharmacy",
    ]  # fmt: skip
