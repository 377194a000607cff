"""Published figures: units converted, identities evaluated, known exceptions found."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from dagster_project.dictionary.published import evaluate_identities, read_figures


def test_206_evaluations_of_which_188_hold_and_18_are_known() -> None:
    results = evaluate_identities()
    assert Counter(result.status for result in results) == {"holds": 188, "known_exception": 18}


def test_the_misprint_of_2024_is_a_finding() -> None:
    misprint = next(one for one in evaluate_identities() if one.identity_id == "N02p")
    assert (misprint.year, misprint.status, misprint.difference) == (2024, "known_exception", 1.0)
    assert "27490.84" in misprint.note


def test_an_exception_with_another_difference_is_a_failure() -> None:
    figures = dict(read_figures())
    figures["employee_active", 2024, "press"] += 5
    changed = next(one for one in evaluate_identities(figures) if one.identity_id == "N02p")
    assert changed.status == "fails"


def test_a_missing_figure_skips_the_year() -> None:
    figures = {key: value for key, value in read_figures().items() if key[0] != "resident_insured"}
    assert not [one for one in evaluate_identities(figures) if one.identity_id == "N01"]


def test_printed_units_become_the_unit_of_the_indicator() -> None:
    figures = read_figures()
    # 2024: 3.97 亿人次 in the bulletin, the indicator is in 万人次.
    assert figures["outarea_visits", 2024, "bulletin"] == Fraction("3.97") * 10000
    assert all(isinstance(value, Fraction) for value in figures.values())
