"""Cases of the rulings about stays, travel, assistance, maternity and disease payment.

Belongs here: `rows_X` writes the rows of ruling X into its own prefecture, `test_X_…` states the answer worked out by
hand. Every answer is asked of the warehouse and of the second route.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.rulings.answers import Answers, Parts
from tests.rulings.world import FIRST_YEAR, NEXT_YEAR, YEAR, Area, World

OUTSIDE = "970101"


def stay(area: Area, begin: str, end: str, **cells: Any) -> dict[str, Any]:
    """One inpatient settlement that lasts from begin to end and is settled on its last day unless `when` says else."""
    when = cells.pop("when", datetime.fromisoformat(end))
    return area.settle(**({"med_type": "21", "begndate": begin, "enddate": end, "when": when} | cells))


def rows_R8(area: Area) -> None:
    first = stay(area, "2023-12-20", "2023-12-31", fee=100, mid_setl_flag="1")
    stay(area, "2023-12-20", "2024-01-10", fee=200, mdtrt_id=first["mdtrt_id"])
    stay(area, "2023-12-20", "2024-01-10", fee=50, mdtrt_id=first["mdtrt_id"], setl_type="3", when=datetime(2025, 2, 1))
    stay(area, "2024-05-01", "2024-05-09", fee=400, mid_setl_flag="1")  # never discharged


def test_R8_a_stay_belongs_to_the_year_of_its_discharge(answers: Answers) -> None:
    assert [answers("R8", "employee_inpatient_visits", year) for year in (FIRST_YEAR, YEAR, NEXT_YEAR)] == [0, 1, 0]


def test_R9_money_belongs_to_the_year_of_each_row(answers: Answers) -> None:
    years = (FIRST_YEAR, YEAR, NEXT_YEAR)
    assert [answers("R8", "employee_inpatient_expense", year) for year in years] == [100, 600, 50]


def test_L16_mean_cost_is_money_of_the_year_over_stays_of_the_year(answers: Answers) -> None:
    assert answers.pair("R8", "employee_avg_inpatient_cost", YEAR) == (600, 1)


def rows_R18(area: Area) -> None:
    away = {"fix_blng_admdvs": OUTSIDE}
    stay(area, "2024-12-20", "2024-12-30", pay_loc="4", **away)
    stay(area, "2024-12-01", "2024-12-28", pay_loc="1", setl_type="1", when=datetime(2025, 3, 3), **away)
    stay(area, "2025-01-02", "2025-01-09", pay_loc="4", **away)


def test_R18_the_direct_rate_goes_by_the_discharge_date(answers: Answers) -> None:
    assert answers.pair("R18", "xprov_direct_settlement_rate", YEAR) == (1, 2)
    assert answers.pair("R18", "xprov_direct_settlement_rate", NEXT_YEAR) == (1, 1)


def rows_R19(area: Area) -> None:
    def grouped(begin: str, end: str, kind: str = "正常", pay: str = "DIP", **cells: Any) -> None:
        row = stay(area, begin, end, fee=100, fund=60, **cells)
        group(area, row, "202412", pay, kind)

    grouped("2024-03-01", "2024-03-04")  # 3 days
    grouped("2024-03-01", "2024-03-03")  # 2 days: not eligible
    grouped("2024-03-01", "2024-04-30")  # 60 days
    grouped("2024-03-01", "2024-05-01")  # 61 days: not eligible
    grouped("2024-03-01", "2024-03-09", clr_way="5")  # per diem: not eligible
    grouped("2024-03-01", "2024-03-09", fix_blng_admdvs=OUTSIDE)  # outside the province: not eligible
    grouped("2024-03-01", "2024-03-09", kind="未入组")  # eligible, not paid by disease
    stay(area, "2024-03-01", "2024-03-09", fee=100, fund=60)  # eligible, never grouped


def group(area: Area, row: dict[str, Any], run: str, pay: str, kind: str, **cells: Any) -> None:
    """One grouping result of a settlement."""
    area.add(
        "drg_dip_group_result",
        setl_id=row["setl_id"],
        run_id=run,
        mdtrt_id=row["mdtrt_id"],
        fixmedins_code=row["fixmedins_code"],
        grp_ver="DIP 2.0",
        pay_kind=pay,
        case_kind=kind,
        **cells,
    )


def test_R19_which_stays_are_eligible_for_disease_payment(answers: Answers) -> None:
    assert answers.pair("R19", "disease_pay_discharge_share") == (2, 4)


def test_L14_fund_share_of_the_same_stays(answers: Answers) -> None:
    assert answers.pair("R19", "disease_pay_fund_share") == (120, 240)


def rows_R20(area: Area) -> None:
    first = stay(area, "2024-03-01", "2024-03-10", fee=100, fund=60, mid_setl_flag="1")
    last = stay(area, "2024-03-01", "2024-03-20", fee=200, fund=120, aid=20, mdtrt_id=first["mdtrt_id"])
    stay(area, "2024-03-01", "2024-03-20", fee=50, fund=30, mdtrt_id=first["mdtrt_id"], setl_type="3")
    group(area, last, "202403", "DRG", "未入组")
    group(area, last, "2024YE", "DRG", "正常")


def test_R20_the_fund_of_all_rows_of_the_stay(answers: Answers) -> None:
    assert answers.pair("R20", "disease_pay_fund_share") == (190, 190)
    assert answers.pair("R20", "disease_pay_discharge_share") == (1, 1)


def rows_R30(area: Area) -> None:
    first = stay(area, "2024-03-01", "2024-03-10", fee=100, hosp_lv="05", mid_setl_flag="1")
    again = {"mdtrt_id": first["mdtrt_id"]}
    stay(area, "2024-03-10", "2024-03-21", fee=200, hosp_lv="02", **again)
    stay(
        area, "2024-01-01", "2024-03-21", fee=7, own=0, pre=0, fund=0, setl_type="3", when=datetime(2024, 4, 1), **again
    )


def test_R30_labels_of_the_discharge_and_days_from_the_first_begin(answers: Answers) -> None:
    assert answers.pair("R30", "employee_avg_length_of_stay") == (20, 1)
    assert answers.pair("R30", "employee_avg_inpatient_cost_tertiary") == (207, 1)
    assert answers("R30", "employee_avg_inpatient_cost_secondary") == 100


def rows_R21(area: Area) -> None:
    area.settle(med_type="52")
    area.settle(med_type="2106", insutype="390", psn_type="1501")
    area.settle(med_type="51", insutype="")
    area.settle(med_type="52", provider="P")  # a pharmacy comes first
    for amount, valid in ((3000, "1"), (0, "1"), (2000, "0")):
        area.add(
            "matn_alwn_crtf_d",
            matn_alwn_reg_id=f"A{area.world.next()}",
            psn_no="990000P9",
            matn_alwn_sumamt=amount,
            poolarea_no=area.prefecture,
            opt_time="2024-06-01 10:00:00",
            vali_flag=valid,
        )


def test_R21_maternity_visits_of_all_schemes_with_allowances(answers: Answers) -> None:
    assert answers("R21", "maternity_benefit_visits") == 4


def test_L3_maternity_inpatient_as_stays_and_outpatient_as_settlements(answers: Answers) -> None:
    assert answers("R21", "maternity_benefit_visits") == 4
    assert answers("R3", "maternity_benefit_visits") == 2


def rows_L2(area: Area) -> None:
    first = area.settle(fee=100, fund=60, aid=10, when=datetime(2023, 12, 30))
    area.settle(fee=50, fund=30, aid=20, mdtrt_id=first["mdtrt_id"], setl_type="3", when=datetime(2024, 1, 5))
    area.settle(fee=100, fund=60, aid=40, when=datetime(2024, 2, 1))
    area.settle(fee=100, fund=60, aid=0, when=datetime(2024, 2, 1))


def test_L2_an_encounter_counts_once_and_its_money_by_row(answers: Answers) -> None:
    assert answers("L2", "ma_visits", FIRST_YEAR) == 1
    assert answers("L2", "ma_visits", YEAR) == 1
    assert answers.pair("L2", "ma_avg_outpatient", YEAR) == (60, 1)


def rows_L11(area: Area) -> None:
    for aid, care in ((1, "21"), (2, "52"), (4, "11"), (8, "71"), (16, "14")):
        area.settle(fee=100, fund=60, aid=aid, med_type=care, insutype="390", psn_type="1501")
    area.settle(fee=100, fund=60, aid=32, med_type="41", provider="P", insutype="")


def test_L11_setting_of_assistance(answers: Answers) -> None:
    assert answers.pair("L11", "ma_avg_inpatient") == (3, 2)
    assert answers.pair("L11", "ma_avg_outpatient") == (60, 4)
    assert answers("L11", "ma_visits") == 6


def rows_L22(area: Area) -> None:
    resident = {"insutype": "390", "psn_type": "1501", "fee": 100, "fund": 60}
    for aid, identity in ((1, "低保对象"), (2, "101"), (4, "900"), (8, "999"), (16, ""), (0, "孤儿")):
        area.settle(aid=aid, sp_psn_type=identity, **resident)
    first = area.settle(aid=32, sp_psn_type="孤儿", med_type="21", **resident)
    again = {"mdtrt_id": first["mdtrt_id"], "setl_type": "3", "when": datetime(YEAR, 4, 1)}
    area.settle(aid=40, sp_psn_type="因病致贫", med_type="21", **again, **resident)


def test_L22_the_settlement_names_the_population_group(parts: Parts) -> None:
    groups = {"minimum_living": 1, "destitute": 1, "other": 1, "unknown": 2, "orphan": 1}
    assert parts("L22", "ma_visits", "population_group") == groups
    paid = {"minimum_living": (1, 1), "destitute": (2, 1), "other": (4, 1), "unknown": (24, 2)}
    assert parts.pairs("L22", "ma_avg_outpatient", "population_group") == paid
    inpatient = {"orphan": (32, 1), "illness_impoverished": (40, 0)}
    assert parts.pairs("L22", "ma_avg_inpatient", "population_group") == inpatient


def rows_L23(area: Area) -> None:
    away = {"fix_blng_admdvs": OUTSIDE}
    area.settle(fee=1, fund=0, own=0, pre=0, pay_loc="4", **away)
    stay(area, "2024-03-01", "2024-03-05", fee=2, fund=0, own=0, pre=0, pay_loc="4", **away)
    stay(area, "2024-03-01", "2024-03-05", fee=4, fund=0, own=0, pre=0, pay_loc="1", **away)
    area.settle(fee=8, fund=0, own=0, pre=0, fix_blng_admdvs=area.world.area("L4").county)
    area.settle(fee=16, fund=0, own=0, pre=0)


def test_L23_a_prefecture_at_home_and_a_province_elsewhere(parts: Parts, world: World) -> None:
    home, abroad = world.areas["L4"].prefecture, f"{OUTSIDE[:2]}0000"
    assert parts("L23", "outarea_visits", "destination") == {abroad: 3, home: 1}
    assert parts("L23", "outarea_expense", "destination") == {abroad: 7, home: 8}
    assert parts.pairs("L23", "xprov_direct_settlement_rate", "destination") == {abroad: (1, 2)}


def rows_L4(area: Area) -> None:
    for fee, care in ((1, "11"), (2, "14"), (4, "21"), (8, "51"), (16, "71")):
        area.settle(fee=fee, fund=0, own=0, pre=0, med_type=care, fix_blng_admdvs=OUTSIDE, pay_loc="4")
    area.settle(fee=32, fund=0, own=0, pre=0, provider="P", med_type="41", fix_blng_admdvs=OUTSIDE, pay_loc="4")
    area.settle(fee=64, fund=0, own=0, pre=0)


def test_L4_three_kinds_of_care_out_of_the_area(answers: Answers) -> None:
    assert answers("L4", "outarea_visits") == 3
    assert answers("L4", "outarea_expense") == 7


def rows_L5(area: Area) -> None:
    area.settle(fee=100, fix_blng_admdvs="", fixmedins_code=f"H{OUTSIDE}00001", pay_loc="4")
    area.settle(fee=200, fix_blng_admdvs="", fixmedins_code="HX00001")


def test_L5_unknown_places_are_not_out_of_area(answers: Answers) -> None:
    assert answers("L5", "outarea_visits") == 1
    assert answers("L5", "outarea_expense") == 100
    assert answers("L5", "employee_outpatient_visits") == 2


def rows_L7(area: Area) -> None:
    """This prefecture pools at provincial level from July 2024 (its YAML)."""
    elsewhere = area.world.area("L4").county
    for fee, month in ((1, 6), (2, 7), (4, 8)):
        when = datetime(2024, month, 15)
        area.settle(fee=fee, fund=0, own=0, pre=0, fix_blng_admdvs=elsewhere, when=when)
        area.settle(fee=fee * 8, fund=0, own=0, pre=0, fix_blng_admdvs=OUTSIDE, when=when)


def test_L7_pooling_level_of_the_month(answers: Answers) -> None:
    assert answers("L7", "outarea_visits") == 4
    assert answers("L7", "outarea_expense") == 57


def rows_L10(area: Area) -> None:
    for place in ("4", "1", "5", "3"):
        stay(area, "2024-03-01", "2024-03-05", fix_blng_admdvs=OUTSIDE, pay_loc=place)


def test_L10_an_unknown_payment_place_is_neither_direct_nor_manual(answers: Answers) -> None:
    assert answers.pair("L10", "xprov_direct_settlement_rate") == (1, 2)


def rows_L13(area: Area) -> None:
    stay(area, "2024-03-01", "2024-03-05", fix_blng_admdvs=OUTSIDE, pay_loc="4")
    area.settle(fix_blng_admdvs=OUTSIDE, pay_loc="4")  # outpatient
    stay(area, "2024-03-01", "2024-03-05", fix_blng_admdvs=area.world.area("L4").county, pay_loc="1")


def test_L13_only_cross_province_inpatient_stays_make_the_rate(answers: Answers) -> None:
    assert answers.pair("L13", "xprov_direct_settlement_rate") == (1, 1)
