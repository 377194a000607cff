"""Cases of the list of low-income identities: who stands on it at the end of the year, as what, and who of them is insured.

Belongs here: `rows_X` writes the rows of ruling X into its own prefecture, `test_X_…` states the answer worked out by hand.
"""

from __future__ import annotations

from typing import Any

from tests.rulings.answers import Warehouse
from tests.rulings.test_returned_rulings import figure
from tests.rulings.world import NEXT_YEAR, YEAR, Area, certificate


def recognise(area: Area, certno: str, identity: str, **cells: Any) -> None:
    """A recognition from the year before, open and rural unless the cells say otherwise."""
    row = {"psn_no": "", "rurl_flag": "1", "admdvs": area.county, "begntime": f"{YEAR - 1}-02-01 00:00:00"}
    area.add(
        "psn_idet_info_b", idet_id=f"I{area.world.next():06d}", certno=certno, psn_idet_type=identity, **(row | cells)
    )


def rows_L64(area: Area) -> None:
    """Five who count, three of them insured; and everybody who could be taken for one of them."""
    number = iter(range(601, 700))

    def insured() -> tuple[str, str]:
        certno = certificate(next(number), region="990004")
        spell = area.insure(insutype="390", psn_type="1501", insutype_retr_flag="", certno=certno)
        return certno, spell["psn_no"]

    recognise(area, insured()[0], "低保对象")
    # The platform has matched the person, under a certificate that the register does not have.
    recognise(area, certificate(next(number), region="990004"), "脱贫人口", psn_no=insured()[1])
    # Recognised twice at a time: once, as what came last.
    twice = insured()[0]
    recognise(area, twice, "脱贫人口")
    recognise(area, twice, "101", begntime=f"{YEAR}-03-01 00:00:00", endtime="9999-12-31 00:00:00")
    # Two who are not insured: one in no register, one whose spell has ended.
    recognise(area, certificate(next(number), region="990004"), "低保边缘")
    ended = certificate(next(number), region="990004")
    area.insure(insutype="390", psn_type="1501", insutype_retr_flag="", certno=ended, paus_insu_date=f"{YEAR}-06-30")
    recognise(area, ended, "因病致贫", endtime=f"{YEAR}-12-31 00:00:00")
    # In the town, an orphan, a code that nobody knows, no longer on the list, not yet on it.
    recognise(area, insured()[0], "低保对象", rurl_flag="0")
    recognise(area, insured()[0], "孤儿")
    recognise(area, insured()[0], "999")
    recognise(area, insured()[0], "低保对象", endtime=f"{YEAR}-12-30 00:00:00")
    recognise(area, insured()[0], "低保对象", begntime=f"{NEXT_YEAR}-01-01 00:00:00")


def test_L64_who_of_the_rural_low_income_people_is_insured(built: Warehouse) -> None:
    assert figure(built, "L64", "rural_lowincome_coverage", YEAR) == (3, 5, 60, None)
    # Nobody paid for the year after: four stay on the list, one has come to it.
    assert figure(built, "L64", "rural_lowincome_coverage", NEXT_YEAR)[:3] == (0, 5, 0)


def test_L64_a_person_is_listed_once_as_what_was_recognised_last(built: Warehouse) -> None:
    groups = built.query(
        "select population_group, list_cover, persons from indicator.labelled_listed where year = ? and region_code = ? order by all",
        [YEAR, built.world.areas["L64"].prefecture],
    )
    assert groups == [
        ("destitute", "insured", 1), ("illness_impoverished", "not_insured", 1), ("lifted_out_of_poverty", "insured", 1),
        ("low_income_margin", "not_insured", 1), ("minimum_living", "insured", 1),
    ]  # fmt: skip
