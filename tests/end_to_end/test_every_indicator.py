"""No indicator is checked against itself alone: its parts follow from the generator's truth, or a test elsewhere says what checks it."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from tests.conftest import YEARS, SampleHome
from tests.truth_cells import Cells
from tests.truth_dictionary import NotTold, Reader, rows

TESTS = Path(__file__).resolve().parents[1]
# Indicators that the cells of the truth do not tell, and the test that compares them with something else than themselves.
ELSEWHERE: dict[str, tuple[str, ...]] = {
    "end_to_end/test_truth.py::test_every_headline_indicator_equals_the_truth": (
        "maternity_benefit_visits", "ma_subsidised_enrolment", "ma_total_times",
    ),
    "end_to_end/test_truth.py::test_uses_of_single_benefits_equal_the_truth": (
        "two_disease_visits", "two_disease_persons", "antenatal_check_visits", "family_mutual_aid_visits",
        "sd_inprov_maternity_direct", "sd_inprov_maternity_direct_amount",
    ),
    "end_to_end/test_account.py::test_sums_over_years_equal_the_truth": (
        "fund_expenditure_since_2018", "ly_subsidy", "ly_fund_expenditure", "ly_ma_cases", "ly_ma_relief", "ly_recovered",
        "ly_prepayment",
    ),
    "end_to_end/test_account.py::test_networked_institutions_equal_the_truth": (
        "xprov_network_institutions", "xprov_network_inpatient", "xprov_network_outpatient", "xprov_network_pharmacy",
    ),
    "end_to_end/test_account.py::test_filings_made_online_equal_the_truth": ("xprov_filing_online",),
    "end_to_end/test_account.py::test_payments_and_their_working_days_equal_the_truth": (
        "instant_settlement_days", "prepayment_amount",
    ),
    "end_to_end/test_account.py::test_L52_long_term_care_funds_of_the_areas_in_scope": ("ltc_fund_income", "ltc_fund_expenditure"),
    "end_to_end/test_second_route.py::test_polars_and_the_warehouse_agree_on_working_definitions": (
        "repeat_exam_30d_share", "unreasonable_referral_rate",
    ),
    "end_to_end/test_every_indicator.py::test_a_mean_of_two_checked_figures": ("maternity_per_capita",),
}  # fmt: skip


@pytest.fixture(scope="module")
def found(sample_home: SampleHome) -> dict[tuple[str, int, str], tuple[Fraction | None, Fraction | None]]:
    """Numerators and denominators of the warehouse: annual wholes that could be computed."""
    with duckdb.connect(str(sample_home.warehouse)) as connection:
        values = connection.execute(
            "select indicator_id, year, region_code, numerator, denominator from indicator.indicator_value "
            "where period_kind = 'year' and breakdown = 'total' and status <> 'not_computable'"
        ).fetchall()
    return {
        (indicator, int(year), region): (_exact(above), _exact(below))
        for indicator, year, region, above, below in values
    }


def _exact(part: object) -> Fraction | None:
    return None if part is None else Fraction(str(part))


def test_every_indicator_follows_from_the_truth_or_is_checked_elsewhere(sample_home: SampleHome, found: dict) -> None:
    cells = Cells(sample_home.truth)
    wrong, untold, told = [], set(), set()
    for (indicator, year, region), (above, below) in sorted(found.items()):
        if year not in YEARS:
            continue
        try:
            numerator, denominator = Reader(cells, year, region).parts(indicator)
        except NotTold as why:
            untold.add((indicator, str(why)))
            continue
        told.add(indicator)
        if (numerator, denominator) != (above, below):
            wrong.append(f"{indicator} {year} {region}: {above} / {below}, truth {numerator} / {denominator}")
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:60])
    assert len(told) >= 150
    listed = {name for names in ELSEWHERE.values() for name in names}
    left = {name: why for name, why in untold if name not in told | listed}
    assert not left, left


def test_the_tests_that_check_the_rest_exist() -> None:
    for place in ELSEWHERE:
        path, _, name = place.partition("::")
        assert re.search(rf"^def {name}\(", (TESTS / path).read_text(encoding="utf-8"), re.MULTILINE), place
    computed = {name for name, row in rows().items() if row["kind"] not in ("alias", "not_yet", "not_applicable")}
    assert {name for names in ELSEWHERE.values() for name in names} <= computed


def test_a_mean_of_two_checked_figures(found: dict) -> None:
    means = {key: parts for key, parts in found.items() if key[0] == "maternity_per_capita"}
    assert means
    for (_, year, region), parts in means.items():
        assert parts == (
            found["maternity_fund_expenditure", year, region][0],
            found["maternity_benefit_visits", year, region][0],
        )
