"""Cases of distinct persons: who counts, by which rule, and how often.

Belongs here: `rows_X` writes the rows of ruling X into its own prefecture, `test_X_…` states the answer worked out by hand.
The rule of who is a beneficiary is another one in each of the three years, and the last year nets by links alone
(`landed.py`); the second route knows the national defaults of the middle year. Uses of single benefits (L49) stand here too.
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


def rows_L49(area: Area) -> None:
    """One resident with both diseases, one by a care type, and what is no outpatient drug benefit of residents."""
    chronic: dict[str, Any] = {"med_type": "14", **RESIDENT}
    for year in (FIRST_YEAR, YEAR):
        when = datetime(year, 4, 2, 9)
        area.settle(psn_no="990000P421", dise_no="M03902", when=when, **chronic)
        area.settle(psn_no="990000P421", dise_no="M01600", when=when, provider="P", **chronic)
        area.settle(psn_no="990000P422", when=when, **(chronic | {"med_type": "1404"}))
        area.settle(psn_no="990000P423", dise_no="M00500", when=when, **chronic)
        area.settle(psn_no="990000P424", dise_no="M03900", when=when, **(chronic | {"med_type": "11"}))
        area.settle(psn_no="990000P425", dise_no="M03900", when=when, med_type="14")


def test_L49_two_diseases_are_told_by_code_or_care_type(answers: Answers) -> None:
    assert answers("L49", "two_disease_persons") == 2
    assert answers("L49", "two_disease_visits") == 3


def test_L49_pharmacies_count_where_visits_include_them(built: Warehouse) -> None:
    found = built.query(
        "select numerator from indicator.indicator_value where indicator_id = 'two_disease_visits' and breakdown = 'total' "
        "and year = ? and region_code = ?",
        [FIRST_YEAR, built.world.areas["L49"].prefecture],
    )
    assert found == [(2,)]


def test_L49_who_has_both_diseases_counts_in_each_and_once_in_all(built: Warehouse) -> None:
    found = built.query(
        "select indicator_id, other_member, numerator from indicator.indicator_value "
        "where indicator_id in ('two_disease_persons', 'two_disease_visits') and breakdown = 'two_disease' "
        "and year = ? and region_code = ? and numerator <> 0 order by all",
        [YEAR, built.world.areas["L49"].prefecture],
    )
    each = ("diabetes", "hypertension", "unspecified")
    assert found == [(name, disease, 1) for name in ("two_disease_persons", "two_disease_visits") for disease in each]


def rows_L49_uses(area: Area) -> None:
    """Two antenatal checks beside other maternity care; two uses of a family account, one of them taken back."""
    for care in ("510102", "510102", "51", "53"):
        area.settle(med_type=care)
    family: dict[str, Any] = {"cash": 20, "acct_mulaid_pay": 20}
    area.settle(**family)
    area.mirror(area.settle(**family))


def test_L49_antenatal_checks_and_uses_of_a_family_account(answers: Answers) -> None:
    assert answers("L49_uses", "antenatal_check_visits") == 2
    assert answers("L49_uses", "family_mutual_aid_visits") == 1
