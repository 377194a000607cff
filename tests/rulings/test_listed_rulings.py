"""Cases of the list of low-income identities: who stands on it, as what, who of them is insured and what was paid for them.

Belongs here: `rows_X` writes the rows of ruling X into its own prefecture, `test_X_…` states the answer worked out by hand.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.rulings.answers import Answers, Warehouse
from tests.rulings.test_returned_rulings import figure
from tests.rulings.world import NEXT_YEAR, YEAR, Area, Row, certificate


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


def rows_L66(area: Area) -> None:
    """What counts are powers of two of relief; all the rest would be seen in the sum."""
    number = iter(range(701, 800))

    def listed(identity: str = "低保对象", **cells: Any) -> str:
        """The number of somebody on the list, whom the certificate names."""
        certno = certificate(next(number), region="990004")
        recognise(area, certno, identity, **cells)
        return str(area.insure(insutype="390", psn_type="1501", insutype_retr_flag="", certno=certno)["psn_no"])

    def treated(person: str, relief: int, **cells: Any) -> Row:
        return area.settle(
            **{"psn_no": person, "insutype": "390", "fee": 5000, "fund": relief, "own": 0, "pre": 0} | cells
        )

    person = listed("脱贫人口")
    # Two layers of three and another fund: 1 + 2, and a stay that is settled meanwhile and at its end: 4 and 8.
    treated(person, 1 + 2 + 1000, hifp_pay=1, aid=2, hifes_pay=1000)
    treated(person, 4, med_type="21", mid_setl_flag="1")
    treated(person, 8, insutype="310", psn_type="1101", med_type="21", hifp_pay=3, hifmi_pay=5)
    # Assisted a second time for the same visit: money, no visit.
    treated(person, 16, setl_type="3", aid=16)
    # Recognised twice at a time counts once; the platform's match counts without a certificate in the register.
    twice = certificate(next(number), region="990004")
    recognise(area, twice, "脱贫人口")
    recognise(area, twice, "101")
    treated(area.insure(insutype="390", psn_type="1501", insutype_retr_flag="", certno=twice)["psn_no"], 32)
    matched = "990000P66matched"
    recognise(area, certificate(next(number), region="990004"), "低保边缘", psn_no=matched)
    treated(matched, 64)
    # First and last day of the list; the days beside them are not on it.
    day = f"{YEAR}-04-10 00:00:00"
    bounded = listed(begntime=day, endtime=day)
    for relief, shown in ((4000, 9), (128, 10), (4000, 11)):
        treated(bounded, relief, when=datetime(YEAR, 4, shown, 23))
    # Nothing paid by the three layers; the pharmacy; taken back; in the town; an orphan; on no list.
    treated(person, 2000, hifp_pay=0, hifes_pay=2000)
    treated(person, 4000, provider="P", med_type="41")
    area.mirror(treated(person, 4000, refd_setl_flag="1"))
    treated(listed(rurl_flag="0"), 4000)
    treated(listed("孤儿"), 4000)
    treated(area.insure(insutype="390", psn_type="1501", insutype_retr_flag="")["psn_no"], 4000)


def test_L66_visits_and_relief_of_rural_low_income_people(answers: Answers) -> None:
    # First visit, end of the stay, twice recognised, matched, the one day.
    assert answers("L66", "triple_protection_visits") == 5
    assert answers("L66", "triple_protection_relief") == 255
