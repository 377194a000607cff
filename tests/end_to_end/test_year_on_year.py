"""Growth stops at real breaks only, and a changed definition breaks what it can change."""

from __future__ import annotations

import duckdb

from tests.conftest import SampleHome


def comparison(sample: SampleHome, indicator: str, year: int) -> tuple[str | None, bool]:
    """Break and whether a change on the year before is given, for the province."""
    with duckdb.connect(str(sample.warehouse), read_only=True) as connection:
        row = connection.execute(
            "select break_id, change is not null from indicator.year_on_year "
            "where indicator_id = ? and year = ? and region_code = ?",
            [indicator, year, sample.truth["province"]],
        ).fetchone()
    assert row is not None, (indicator, year)
    return row


def test_L17_a_change_of_print_is_no_break(sample_home: SampleHome) -> None:
    assert comparison(sample_home, "employee_insured", 2024) == (None, True)  # B16: two decimals
    assert comparison(sample_home, "employee_inpatient_visits", 2024) == (None, True)


def test_L17_pooling_breaks_nothing_that_is_geography(sample_home: SampleHome) -> None:
    assert comparison(sample_home, "xprov_direct_settlement_rate", 2025) == (None, True)


def test_a_break_of_the_register_stops_growth(sample_home: SampleHome) -> None:
    assert comparison(sample_home, "outarea_visits", 2025) == (
        "definition",
        False,
    )  # L17: pooling as the province dates it
    assert comparison(sample_home, "employee_benefit_visits", 2024) == ("B13", False)
