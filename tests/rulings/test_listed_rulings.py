"""Cases of the list of low-income identities: who stands on it, as what, who of them is insured and what was paid for them.

Belongs here: `rows_X` writes the rows of ruling X into its own prefecture, `test_X_…` states the answer worked out by hand.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl

from tests.rulings.answers import Answers, Warehouse
from tests.rulings.test_other_definitions import figures_under
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


def rows_L67(area: Area) -> None:
    """Visits of people on the list, assisted and not, and of others; assistance in powers of two, all of other relief 1000 or more."""
    number = iter(range(801, 900))

    def insured() -> tuple[str, str]:
        certno = certificate(next(number), region="990004")
        return certno, str(area.insure(insutype="390", psn_type="1501", insutype_retr_flag="", certno=certno)["psn_no"])

    def listed(identity: str, **cells: Any) -> str:
        certno, person = insured()
        recognise(area, certno, identity, **cells)
        return person

    def treated(person: str, aid: int = 0, fund: int = 1000, **cells: Any) -> Row:
        row = {"psn_no": person, "insutype": "390", "fee": 9000, "own": 0, "pre": 0, "aid": aid, "fund": fund + aid}
        return area.settle(**row | cells)

    person = listed("低保对象")
    # A visit without assistance, one for which nobody paid, a stay that was assisted.
    treated(person)
    treated(person, fund=0)
    stay = treated(person, 1, med_type="21")
    # Assisted a second time, and settled meanwhile: money, no visit. The pharmacy: neither.
    treated(person, 2, 0, med_type="21", setl_type="3", mdtrt_id=stay["mdtrt_id"])
    treated(person, 4, 0, med_type="21", mid_setl_flag="1")
    treated(person, 64, provider="P", med_type="41")
    # Taken back, and not valid.
    area.mirror(treated(person, 128, refd_setl_flag="1"))
    treated(person, 128, vali_flag="0")
    # In the town, an orphan, a code that nobody knows, one the platform has matched; an identity that is none of poverty.
    treated(listed("低保边缘", rurl_flag="0"), 8)
    treated(listed("孤儿"))
    treated(listed("999"))
    recognise(area, certificate(next(number), region="990004"), "特困人员", psn_no="990000P67matched")
    treated("990000P67matched", med_type="21")
    treated(listed("900"))
    # Recognised twice at a time from 1 to 30 April: one visit each, as what was recognised last and still holds.
    certno, twice = insured()
    recognise(area, certno, "脱贫人口", endtime=f"{YEAR}-05-31 00:00:00")
    recognise(area, certno, "101", begntime=f"{YEAR}-04-01 00:00:00", endtime=f"{YEAR}-04-30 00:00:00")
    for month, day in ((3, 31), (4, 1), (4, 30), (5, 1), (5, 31), (6, 1)):
        treated(twice, when=datetime(YEAR, month, day, 12))
    # On no list, and assisted.
    treated(insured()[1], 16)
    treated(insured()[1], 32, med_type="21")


def test_L67_visits_by_the_list_and_the_poor_by_the_assistance_paid(built: Warehouse) -> None:
    chosen = figures_under(built, "ma_visit_rule=identity_list,poverty_identity=maf_pay_ne0", "L67", [YEAR])
    wholes = {
        name: (above, below)
        for name, above, below in chosen.filter(pl.col("breakdown") == "total")
        .select("indicator_id", "numerator", "denominator")
        .iter_rows()
    }
    # Two visits and a stay of the first; the town, the orphan, the unknown code; the stay of the matched one; five days on the list.
    assert wholes["ma_visits"] == (12, None)
    assert wholes["ma_avg_inpatient"] == (1 + 2 + 4, 2)
    assert wholes["ma_avg_outpatient"] == (8, 10)
    # Nobody's premium was subsidised.
    assert wholes["ma_total_times"] == (12, None)
    groups = chosen.filter((pl.col("indicator_id") == "ma_visits") & (pl.col("breakdown") == "population_group"))
    assert {group: count for group, count in groups.select("other_member", "numerator").iter_rows() if count} == {
        "minimum_living": 3, "low_income_margin": 1, "orphan": 1, "unknown": 1, "destitute": 1 + 2, "lifted_out_of_poverty": 3,
    }  # fmt: skip
    # Whoever was paid assistance, on the list or not, but in the pharmacy: the stay, the town, the two on no list.
    assert wholes["triple_protection_visits"] == (4, None)
    assert wholes["triple_protection_relief"] == (1000 * 4 + 1 + 2 + 4 + 8 + 16 + 32, None)


def test_L67_by_default_visits_are_those_assisted_and_the_poor_those_listed(answers: Answers) -> None:
    # The stay, the interim settlement, the pharmacy, the town, the two on no list.
    assert answers("L67", "ma_visits") == 6
    assert answers.pair("L67", "ma_avg_inpatient") == (1 + 2 + 4 + 32, 3)
    # A visit without assistance, the stay, the matched one, and five days on the list.
    assert answers("L67", "triple_protection_visits") == 8
    assert answers("L67", "triple_protection_relief") == 1000 * 8 + 1 + 2 + 4
