"""Three routes to the same numbers: the warehouse, polars over the landed files, and the generator's truth."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.conftest import YEARS, SampleHome
from tests.second_route import SecondRoute, family_aid, outsiders, second_route
from tests.truth import expected_indicators, load_truth
from tests.warehouse_api import compare, headline_frame, other_breakdowns, query

LABEL_COLUMNS = [
    ("scheme", "scheme"),
    ("member_status", "member_status"),
    ("hospital_tier", "tier"),
    ("visit_type", "visit_type"),
    ("travel_class", "travel_class"),
]


@pytest.fixture(scope="module")
def second(sample_landing: Path) -> SecondRoute:
    """The second route over the session's sample."""
    return second_route(sample_landing / "landing", YEARS)


def test_polars_and_the_truth_agree(second: SecondRoute, sample_landing: Path) -> None:
    wrong = compare(expected_indicators(load_truth(sample_landing / "truth.json")), second.frame)
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:40])


def test_polars_and_the_warehouse_agree(second: SecondRoute, sample_home: SampleHome) -> None:
    wrong = compare(second.frame, sample_home.found)
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:40])


@pytest.mark.parametrize("indicator", ["repeat_exam_30d_share", "unreasonable_referral_rate"])
def test_polars_and_the_warehouse_agree_on_working_definitions(
    second: SecondRoute, sample_home: SampleHome, indicator: str
) -> None:
    """In the last year, which has all charge lines of some months, the figure is neither nothing nor all (L87, L88)."""
    mine, theirs = (
        frame.filter((pl.col("indicator_id") == indicator) & (pl.col("denominator") > 0))
        .select("year", "region_code", "numerator", "denominator")
        .sort("year", "region_code")
        for frame in (second.frame, sample_home.found)
    )
    assert mine.rows() == theirs.rows()
    whole = theirs.filter(pl.col("region_code") == "520000")
    assert whole["year"].to_list() == list(YEARS)
    above, below = whole.select("numerator", "denominator").row(-1)
    assert 0 < above < below


def test_L86_polars_and_the_warehouse_agree_on_people_insured_elsewhere(
    second: SecondRoute, sample_home: SampleHome
) -> None:
    found = query(
        sample_home.warehouse,
        "select settlement_month, region_code, origin_province, scheme, hospital_tier, visit_type, payment_place, visits, "
        "row_count, cast(100 * total_fee_yuan as bigint), cast(100 * fund_pay_yuan as bigint) from indicator.labelled_outsider",
    )
    expected = second.outsiders.select(*outsiders.LABELS, "visits", "rows", "fee", "fund")
    assert sorted(found) == sorted(expected.iter_rows())
    assert expected["visits"].sum() < expected["rows"].sum()


def test_L69_polars_and_the_warehouse_agree_on_whom_accounts_helped(
    second: SecondRoute, sample_home: SampleHome
) -> None:
    found = query(
        sample_home.warehouse,
        "select year, region_code, aid_relation, pairs, uses, cast(100 * care_yuan as bigint), cast(100 * premium_yuan as bigint) "
        "from indicator.labelled_family_aid",
    )
    expected = second.family_aid.select(*family_aid.LABELS, "pairs", "uses", "care", "premium")
    assert sorted(found) == sorted(expected.iter_rows())
    assert expected["pairs"].sum() < expected["uses"].sum() and (expected["care"] > 0).any()


@pytest.mark.parametrize(("column", "ours"), LABEL_COLUMNS)
def test_breakdowns_agree(second: SecondRoute, sample_home: SampleHome, column: str, ours: str) -> None:
    found = headline_frame(sample_home.warehouse, column)
    labels = sorted(set(found[column]) - {"total"})
    assert labels
    expected = second.broken_down(ours, labels).rename({ours: column}, strict=False)
    key = ["indicator_id", "year", "region_code", column]
    both = found.filter(pl.col(column) != "total").join(expected, on=key, how="inner", suffix="_ours")
    wrong = both.filter(
        (pl.col("numerator").fill_null(0) != pl.col("numerator_ours").fill_null(0))
        | (
            pl.col("denominator_ours").is_not_null()
            & (pl.col("denominator").fill_null(0) != pl.col("denominator_ours"))
        )
    )
    assert both.height > 0
    assert wrong.is_empty(), f"{wrong.height} of {both.height} differ: {wrong.head(20)}"


OTHER_DIMENSIONS = [
    "fund_mode",
    "premium_subsidy",
    "resident_group",
    "household",
    "employer_group",
    "sex",
    "population_group",
    "destination",
]


@pytest.mark.parametrize("dimension", OTHER_DIMENSIONS)
def test_breakdowns_of_their_own_dimension_agree(second: SecondRoute, sample_home: SampleHome, dimension: str) -> None:
    found = other_breakdowns(sample_home.warehouse).filter(
        (pl.col("dimension") == dimension) & pl.col("numerator").is_not_null()
    )
    expected = second.broken_down(dimension, sorted(set(found["member"]))).rename({dimension: "member"})
    key = ["indicator_id", "year", "region_code", "member"]
    headline = set(second.frame["indicator_id"])
    both = found.filter(pl.col("indicator_id").is_in(headline)).join(expected, on=key, how="left", suffix="_ours")
    wrong = both.filter(
        (pl.col("numerator") != pl.col("numerator_ours").fill_null(0))
        | (pl.col("denominator").fill_null(0) != pl.col("denominator_ours").fill_null(0))
    )
    assert both.height > 0
    assert wrong.is_empty(), f"{wrong.height} of {both.height} differ: {wrong.head(20)}"


def test_polars_and_the_intake_hold_back_the_same_rows(second: SecondRoute, sample_home: SampleHome) -> None:
    from tests.warehouse_api import query

    rows = query(sample_home.warehouse, "select source_file, rows_read, rows_quarantined from ops.load")
    loads = {file: (read, held) for file, read, held in rows}
    ours = {o.file: (o.rows_read, o.quarantined) for o in second.outcomes if not o.refused}
    assert ours.keys() == loads.keys()
    assert {file: (counts, loads[file]) for file, counts in ours.items() if counts != loads[file]} == {}
    assert sum(held for _, held in loads.values()) > 0, "the sample has rows to be held back"
