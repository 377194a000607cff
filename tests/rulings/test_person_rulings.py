"""Cases of distinct persons: who counts, by which rule, and how often.

Belongs here: `rows_X` writes the rows of ruling X into its own prefecture, `test_X_…` states the answer worked out by hand.
The rule of who is a beneficiary is another one in each of the three years, and the last year nets by links alone
(`landed.py`); the second route knows the national defaults of the middle year.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from tests.rulings.answers import Answers, Warehouse
from tests.rulings.world import FIRST_YEAR, NEXT_YEAR, PROVINCE, YEAR, Area, certificate

EVERY_YEAR = (FIRST_YEAR, YEAR, NEXT_YEAR)
RESIDENT: dict[str, Any] = {"insutype": "390", "psn_type": "1501"}


def rows_L41(area: Area) -> None:
    """In every year the same six people."""
    one = certificate(370, date(1972, 2, 3))
    for number in ("990000P411", "990000P412"):
        area.insure(psn_no=number, certno=one, paid=False)
    for year in EVERY_YEAR:
        when = datetime(year, 5, 6, 10)
        # One person with two numbers; two numbers, one person, both drew from the pool.
        area.settle(psn_no="990000P411", when=when)
        area.settle(psn_no="990000P412", when=datetime(year, 9, 6, 10))
        # Assisted only, and not paid for at all.
        area.settle(psn_no="990000P413", when=when, aid=60)
        area.settle(psn_no="990000P414", when=when, fund=0)
        # Two kinds of care.
        area.settle(psn_no="990000P415", when=when)
        area.settle(psn_no="990000P415", when=when, provider="P", med_type="41")
        # Taken back the next day; and flagged, its mirror never delivered.
        area.mirror(area.settle(psn_no="990000P416", when=when))
        area.settle(psn_no="990000P417", when=when, refd_setl_flag="1")


def test_L41_a_person_counts_once_whatever_numbers_and_settlements(answers: Answers) -> None:
    assert answers("L41", "employee_benefit_persons") == 2


@pytest.mark.parametrize(
    ("year", "rule", "persons"),
    [(FIRST_YEAR, "any_settlement", 4), (YEAR, "hifp_pay_gt0", 2), (NEXT_YEAR, "any_fund_gt0", 4)],
)
def test_L41_who_is_a_beneficiary_follows_the_rule_of_the_year(
    built: Warehouse, year: int, rule: str, persons: int
) -> None:
    """Booked figures of the first year know no other persons; the flagged one counts where links alone decide."""
    found = built.query(
        "select v.numerator, d.value from indicator.indicator_value as v join indicator.definition as d "
        "on v.definition_id = d.definition_id and d.switch = 'beneficiary_rule' "
        "where v.indicator_id = 'employee_benefit_persons' and v.breakdown = 'total' and v.year = ? and v.region_code = ?",
        [year, built.world.areas["L41"].prefecture],
    )
    assert found == [(persons, rule)]


def test_L41_kinds_of_care_overlap(built: Warehouse) -> None:
    found = built.breakdown("L41", "employee_benefit_persons", "visit_type")
    assert {kind: n for kind, n in found.items() if n} == {"total": 2, "outpatient": 2, "pharmacy": 1}


def test_L41_the_rows_behind_are_those_of_the_persons(built: Warehouse) -> None:
    rows = built.query(
        "select year, count(*) from indicator.trace_row where cube = 'person' and scheme = 'employee' and paid_by = 'pool' "
        "and region_code = ? group by year order by year",
        [built.world.areas["L41"].prefecture],
    )
    assert rows == [(FIRST_YEAR, 4), (YEAR, 4), (NEXT_YEAR, 5)]


def rows_L41_moved(area: Area) -> None:
    """Serious illness insurance paid for one resident in two prefectures and for another one here."""
    paid: dict[str, Any] = {"fund": 60, "hifp_pay": 40, "hifmi_pay": 20, **RESIDENT}
    area.settle(psn_no="990000P381", **paid)
    area.settle(psn_no="990000P382", **paid)
    area.world.area("L41_elsewhere").settle(psn_no="990000P381", when=datetime(YEAR, 8, 1), **paid)


def rows_L41_elsewhere(area: Area) -> None:
    """The other prefecture of the same resident."""


def test_L41_who_moved_counts_in_both_places_and_once_in_the_province(answers: Answers, built: Warehouse) -> None:
    assert answers("L41_moved", "critical_illness_beneficiaries") == 2
    assert answers("L41_elsewhere", "critical_illness_beneficiaries") == 1
    assert answers.pair("L41_moved", "critical_illness_relief_per_person") == (40, 2)
    whole = "select numerator, denominator from indicator.indicator_value where year = ? and region_code = ? and indicator_id = ?"
    assert built.query(whole, [YEAR, PROVINCE, "critical_illness_relief_per_person"]) == [(60, 2)]
