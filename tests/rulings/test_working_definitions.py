"""Cases of the two figures that have no official definition: repeated exams on large equipment and unreasonable referrals.

Belongs here: `rows_X` writes the rows of ruling X into its own prefecture, `test_X_…` states the answer worked out by hand.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import duckdb

from dagster_project.dictionary.indicators import load_indicators
from dagster_project.explain.sources import files
from tests.rulings.answers import Warehouse
from tests.rulings.test_negotiated_rulings import charge
from tests.rulings.test_returned_rulings import figure
from tests.rulings.test_stay_rulings import OUTSIDE, group, stay
from tests.rulings.world import FIRST_YEAR, YEAR, Area, Row, certificate

HEAD, CHEST, OTHER = "210300001-01", "210300001-02", "210300001-99"
MAY = datetime(YEAR, 5, 1, 9)


def line(fee: int, code: str = HEAD, **cells: Any) -> dict[str, Any]:
    """A charge line of an exam."""
    told = {"hilist_code": code, "med_list_codg": "002103000010000", "list_type": "201", "hi_nego_drug_flag": "0"}
    return told | {"det_item_fee_sumamt": fee, "inscp_amt": fee} | cells


def examined(area: Area, when: datetime, fee: int, code: str = HEAD, **cells: Any) -> Row:
    """A settlement of 2,000 yuan with one exam."""
    settled = area.settle(**({"when": when, "fee": 2000, "fund": 1000} | cells))
    charge(area, settled, line(fee, code))
    return settled


def rows_L87(area: Area) -> None:
    """One exam in the first year. An exam a month in the next, each of somebody else; and people with several, repeats of powers of two."""
    examined(area, datetime(FIRST_YEAR, 11, 7, 9), 1)
    # The exam that one of January repeats lies in the year before.
    psn = examined(area, datetime(FIRST_YEAR, 12, 20, 9), 1)["psn_no"]
    examined(area, datetime(YEAR, 1, 5, 9), 128, psn_no=psn)
    for month in range(1, 13):
        examined(area, datetime(YEAR, month, 7, 9), 1)
    # Thirty days after the one before is a repeat, thirty-one days are none; each asks for the one before it.
    psn = examined(area, MAY, 1)["psn_no"]
    examined(area, datetime(YEAR, 5, 31, 9), 2, psn_no=psn)
    examined(area, datetime(YEAR, 6, 30, 9), 4, psn_no=psn)
    examined(area, datetime(YEAR, 7, 31, 9), 1, psn_no=psn)
    # On one day in two visits.
    psn = examined(area, MAY, 1)["psn_no"]
    examined(area, MAY, 8, psn_no=psn)
    # Another part of the body; an image that is not compared; an emergency; two settlements of one visit.
    for code, cells in ((CHEST, {}), (HEAD, {"med_type": "13"}), (HEAD, {"mdtrt_id": "M-L87"})):
        psn = examined(area, MAY, 1, mdtrt_id="M-L87" if "mdtrt_id" in cells else f"M-L87{code}{len(cells)}")["psn_no"]
        examined(area, datetime(YEAR, 5, 9, 9), 1, code, psn_no=psn, **cells)
    psn = examined(area, MAY, 1, OTHER)["psn_no"]
    examined(area, datetime(YEAR, 5, 9, 9), 1, OTHER, psn_no=psn)
    # After an operation it is a control, after another stay it is not.
    for drg, fee in (("GB15", 1), ("GZ15", 16)):
        first = stay(area, "2024-05-01", "2024-05-09", fee=2000, fund=1000)
        charge(area, first, line(1, fee_ocur_time="2024-05-02 09:00:00"))
        group(area, first, "202405", "DRG", "正常", drg_code=drg)
        examined(area, datetime(YEAR, 5, 20, 9), fee, psn_no=first["psn_no"])
    # What was taken back, reversed or is not valid was no exam, so that the next one repeats nothing.
    first = area.settle(when=MAY, fee=2000, fund=1000)
    charge(area, first, line(64), line(-64, init_feedetl_sn=f"F{first['setl_id']}0", cnt=-1))
    examined(area, datetime(YEAR, 5, 9, 9), 1, psn_no=first["psn_no"])
    first = examined(area, MAY, 64, refd_setl_flag="1")
    area.mirror(first)
    examined(area, datetime(YEAR, 5, 9, 9), 1, psn_no=first["psn_no"])
    first = area.settle(when=MAY, fee=2000, fund=1000)
    charge(area, first, line(64, vali_flag="0"))
    examined(area, datetime(YEAR, 5, 9, 9), 1, psn_no=first["psn_no"])
    # One person under two numbers; two lines of one visit are one exam, part of which was taken back.
    same = certificate(587)
    numbers = [area.insure(certno=same, paid=False)["psn_no"] for _ in range(2)]
    examined(area, MAY, 1, psn_no=numbers[0])
    second = area.settle(when=datetime(YEAR, 5, 9, 9), fee=2000, fund=1000, psn_no=numbers[1])
    charge(area, second, line(32), line(32), line(-32, init_feedetl_sn=f"F{second['setl_id']}1", cnt=-1))
    refer(area)


def test_L87_an_exam_of_the_same_part_in_another_visit_within_thirty_days_is_a_repeat(built: Warehouse) -> None:
    above, below, value, reason = figure(built, "L87", "repeat_exam_30d_share", YEAR)
    repeats = 2 + 4 + 8 + 16 + 32 + 128
    # Twelve months; 1 + 1; 1; three pairs and one; 1 + 1 and 1; three that repeat nothing; 1.
    others = 12 + 2 + 1 + 6 + 2 + 3 + 3 + 1
    assert (above, below, reason) == (repeats, repeats + others, None)
    assert round(value, 6) == round(100 * repeats / (repeats + others), 6)


def test_L87_a_year_without_the_lines_of_some_months_has_no_figure(built: Warehouse) -> None:
    above, _, value, reason = figure(built, "L87", "repeat_exam_30d_share", FIRST_YEAR)
    assert (above, value) == (None, None) and reason.startswith("没有大型检查明细的月份：")


def refer(area: Area) -> None:
    """Stays away from home: with or without a referral, of disease groups that tertiary hospitals can treat or cannot."""
    at_home = area.county
    elsewhere = area.world.area("L4").county

    def away(place: str, reason: str, drg: str = "", dip: str = "", goal: str = "") -> None:
        row = stay(area, "2024-03-10", "2024-03-14", fee=100, fix_blng_admdvs=place)
        if drg or dip:
            group(area, row, "202403", "DRG" if drg else "DIP", "正常", drg_code=drg, dip_code=dip)
        if reason:
            area.file(row["psn_no"], goal or place, "2024-03-01", rloc_rea=reason)

    away(OUTSIDE, "06", drg="GB15")  # treatable at home
    away(elsewhere, "06", dip="I10.x:n")  # so, in another prefecture, by its DIP code
    away(OUTSIDE, "06", drg="IU25")  # of the list of a tier that has no hospital at home
    away(OUTSIDE, "06")  # never grouped
    away(OUTSIDE, "02", drg="GB15")  # lives there: no referral
    away(OUTSIDE, "", drg="GB15")  # not filed
    away(OUTSIDE, "06", drg="GB15", goal=at_home)  # filed for another goal
    away(at_home, "06", drg="GB15")  # treated at home


def test_L88_referred_stays_that_a_hospital_at_home_could_have_treated(built: Warehouse) -> None:
    assert figure(built, "L87", "unreasonable_referral_rate", YEAR) == (2, 4, 50.0, None)


def deciding(built: Warehouse, indicator: str) -> dict[str, int]:
    """Rows behind the figure of the year by extract: those counted and those that decide about them."""
    area = built.world.areas["L87"]
    with duckdb.connect(str(built.path)) as connection:
        found = files(connection, load_indicators()[indicator], YEAR, area.prefecture, None)
    rows: dict[str, int] = Counter()
    for file in found:
        rows[file.extract] += file.rows
    return rows


def test_L87_the_lines_of_the_exams_are_behind_the_figure(built: Warehouse) -> None:
    behind = deciding(built, "repeat_exam_30d_share")
    exams = built.query(
        "select count(*) from core.fct_large_exam where settlement_month // 100 = ? and insured_region = ?",
        [YEAR, built.world.areas["L87"].county],
    )
    assert (behind["setl_d"],) == exams[0]
    # Two lines and what was taken back of them are one exam; and the exam of the year before that one of January repeats.
    assert behind["fee_list_d"] == behind["setl_d"] + 2 + 1


def test_L88_the_filings_of_the_referred_stays_are_behind_the_figure(built: Warehouse) -> None:
    behind = deciding(built, "unreasonable_referral_rate")
    assert (behind["setl_d"], behind["out_appy_d"], behind["drg_dip_group_result"]) == (4, 4, 3)
