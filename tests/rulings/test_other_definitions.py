"""Cases of readings that are not the national default: from the last year on the hand-made province chooses them.

Belongs here: `rows_X` writes the rows of ruling X into its own prefecture, `test_X_…` states the answer worked out by
hand. The second route knows national defaults only, so the answers are asked of the warehouse.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from dagster_project.dictionary.variants import read_variant
from dagster_project.indicator_trial import trial
from dagster_project.settings import Settings
from tests.rulings.answers import Warehouse
from tests.rulings.test_stay_rulings import OUTSIDE, stay
from tests.rulings.world import FIRST_YEAR, NEXT_YEAR, PROVINCE, YEAR, Area, certificate


def test_L63_every_department_where_the_definition_says_so(built: Warehouse) -> None:
    wanted = ["ma_subsidised_enrolment"]
    assert under(built, "ma_subsidy_scope=ma_only", "L63", wanted, [YEAR]) == {wanted[0]: [4]}
    # Those lifted out of poverty and those whose list nobody knows besides; no list, and a list that is none of poverty, are none.
    assert under(built, "ma_subsidy_scope=all_departments", "L63", wanted, [YEAR]) == {wanted[0]: [6]}


def whole(built: Warehouse, case: str, indicator: str, year: int) -> tuple[Decimal, Decimal | None]:
    """Numerator and denominator of an indicator in the prefecture of a case."""
    ((above, below),) = built.query(
        "select numerator, denominator from indicator.indicator_value where indicator_id = ? and year = ? "
        "and region_code = ? and breakdown = 'total'",
        [indicator, year, built.world.areas[case].prefecture],
    )
    return above, below


def under(
    built: Warehouse, variant: str, case: str, indicators: list[str], years: list[int]
) -> dict[str, list[Decimal]]:
    """Numerators of indicators in the prefecture of a case, a year each, with other definitions on top of the present ones."""
    wholes = figures_under(built, variant, case, years).filter(pl.col("breakdown") == "total")
    found = {
        (name, year): value for name, year, value in wholes.select("indicator_id", "year", "numerator").iter_rows()
    }
    return {indicator: [found[indicator, year] for year in years] for indicator in indicators}


def settings_of(built: Warehouse) -> Settings:
    """The home of the hand-made province."""
    folder = built.path.parent
    return Settings(home=folder, key_file=folder.parent / f"{folder.name}.key", threads=2)


def figures_under(built: Warehouse, variant: str, case: str, years: list[int]) -> pl.DataFrame:
    """All values of the prefecture of a case with other definitions on top of the present ones."""
    home = settings_of(built)
    province = read_variant(home, variant, PROVINCE).province
    with trial(home) as layer:
        frame = layer.values(province, *years)
    return frame.filter(pl.col("region_code") == built.world.areas[case].prefecture)


def rows_R15_each_area(area: Area) -> None:
    """One person in two prefectures, here twice: as a resident too."""
    years = {"years": [YEAR, NEXT_YEAR]}
    person = {"certno": certificate(150, date(1971, 1, 1)), **years}
    area.insure(crt_insu_date="2021-01-01", **person)
    area.insure(insutype="390", psn_type="1501", insutype_retr_flag="", crt_insu_date="2023-01-01", **person)
    area.world.area("R15_other_area").insure(crt_insu_date="2022-01-01", **person)


def rows_R15_other_area(area: Area) -> None:
    """The other prefecture of the same person."""


def test_R15_the_person_counts_in_each_area_where_the_definition_says_so(built: Warehouse) -> None:
    for year, here in ((YEAR, 0), (NEXT_YEAR, 1)):
        assert whole(built, "R15_each_area", "employee_insured", year)[0] == here
        assert whole(built, "R15_each_area", "resident_insured", year)[0] == 0
        assert whole(built, "R15_other_area", "employee_insured", year)[0] == 1


def rows_L26(area: Area) -> None:
    """In both years: two stays three days apart, one four days later, and another person in the same days."""
    for year in (YEAR, NEXT_YEAR):
        person: dict[str, Any] = {"psn_no": f"990000P26{year}"}
        stay(area, f"{year}-03-01", f"{year}-03-05", fee=100, hosp_lv="05", **person)
        stay(area, f"{year}-03-08", f"{year}-03-10", fee=200, hosp_lv="02", **person)
        stay(area, f"{year}-03-14", f"{year}-03-16", fee=400, hosp_lv="02", **person)
        stay(area, f"{year}-03-06", f"{year}-03-08", fee=800, hosp_lv="02")


def test_L26_a_short_gap_makes_one_stay_of_two(built: Warehouse) -> None:
    days = {year: whole(built, "L26", "employee_avg_length_of_stay", year) for year in (YEAR, NEXT_YEAR)}
    assert days == {YEAR: (4 + 2 + 2 + 2, 4), NEXT_YEAR: (9 + 2 + 2, 3)}
    assert whole(built, "L26", "employee_avg_inpatient_cost", NEXT_YEAR) == (1500, 3)


def test_L26_the_last_discharge_gives_the_labels(built: Warehouse) -> None:
    tiers = built.breakdown("L26", "employee_inpatient_visits", "hospital_tier", NEXT_YEAR)
    assert (tiers["tertiary"], tiers.get("secondary", 0)) == (3, 0)
    assert built.breakdown("L26", "employee_inpatient_visits", "hospital_tier", YEAR)["secondary"] == 1


def test_L26_the_number_is_spelt_out(built: Warehouse) -> None:
    used = "select distinct value, value_zh from indicator.definition where switch = 'stay_merge' order by 1"
    assert built.query(used) == [("gap_merge_3", "间隔 3 天以内合并"), ("per_mdtrt", "按就诊")]


def rows_L46(area: Area) -> None:
    """An interim row, the discharge, and a supplementary row of the next year; and a stay within that year."""
    first = stay(area, "2023-11-20", "2023-11-30", fee=100, mid_setl_flag="1")
    stay(area, "2023-11-20", "2023-12-11", fee=200, mdtrt_id=first["mdtrt_id"])
    late = {"setl_type": "3", "when": datetime(YEAR, 2, 1)}
    stay(area, "2023-11-20", "2023-12-11", fee=50, mdtrt_id=first["mdtrt_id"], **late)
    stay(area, "2024-03-01", "2024-03-05", fee=400)


def test_L46_a_stay_belongs_to_the_year_of_its_last_row_where_the_definition_says_so(built: Warehouse) -> None:
    years, stays, days = [FIRST_YEAR, YEAR], "employee_inpatient_visits", "employee_avg_length_of_stay"
    fees = "employee_inpatient_expense"
    assert under(built, "stay_year=discharge", "L46", [stays, days, fees], years) == {
        stays: [1, 1], days: [21, 4], fees: [300, 50 + 400],
    }  # fmt: skip
    assert under(built, "stay_year=last_row", "L46", [stays, days, fees], years) == {
        stays: [0, 2], days: [0, 21 + 4], fees: [300, 50 + 400],
    }  # fmt: skip


def rows_L89(area: Area) -> None:
    """Stays settled in two years: a part before the discharge, a part after it, one without discharge, one of which a part was taken
    back, and emergency care."""
    first = stay(area, "2023-12-20", "2023-12-31", fee=100, mid_setl_flag="1")
    stay(area, "2023-12-20", "2024-01-10", fee=200, mdtrt_id=first["mdtrt_id"], hosp_lv="05")
    second = stay(area, "2023-12-01", "2023-12-11", fee=400)
    stay(
        area, "2023-12-01", "2023-12-11", fee=800, mdtrt_id=second["mdtrt_id"], setl_type="3", when=datetime(YEAR, 2, 1)
    )
    stay(area, "2023-06-01", "2023-06-09", fee=1600, mid_setl_flag="1")
    taken_back = stay(area, "2023-12-21", "2023-12-30", fee=3200, mid_setl_flag="1")
    area.mirror(taken_back, when=datetime(YEAR, 1, 5))
    stay(area, "2023-12-21", "2024-01-12", fee=6400, mdtrt_id=taken_back["mdtrt_id"])
    emergency = stay(area, "2023-12-30", "2023-12-31", fee=12800, med_type="13", mid_setl_flag="1")
    stay(area, "2023-12-30", "2024-01-02", fee=25600, med_type="13", mdtrt_id=emergency["mdtrt_id"])


@pytest.mark.parametrize(
    ("variant", "inpatient", "outpatient"),
    [
        ("money_year=settlement", [100 + 400 + 1600, 200 + 800 + 6400], [12800, 25600]),
        # Whoever was never discharged has no stay; emergency care is counted in visits here.
        ("money_year=stay", [400 + 800 + 1600, 100 + 200 + 6400], [12800, 25600]),
        ("money_year=stay,stay_year=last_row", [1600, 100 + 200 + 400 + 800 + 6400], [12800, 25600]),
        ("money_year=stay,emergency_in_inpatient=include_13", [2800, 6700 + 12800 + 25600], [0, 0]),
        # As booked: what was taken back is of no stay, and stays where it was.
        ("money_year=stay,reversal_measure=ledger", [2800 + 3200, 6700 - 3200], [12800, 25600]),
        # What was chosen for the year of the discharge decides, whatever holds in the year of the part.
        ("money_year=settlement,stay_year=last_row", [2100, 7400], [12800, 25600]),
    ],
)  # fmt: skip
def test_L89_money_counts_with_its_stay_where_the_definition_says_so(
    built: Warehouse, variant: str, inpatient: list[int], outpatient: list[int]
) -> None:
    years, wanted = [FIRST_YEAR, YEAR], ["employee_inpatient_expense", "employee_outpatient_expense"]
    asked = variant if "reversal_measure" in variant else f"{variant},reversal_measure=as_known"
    assert under(built, asked, "L89", wanted, years) == dict(zip(wanted, [inpatient, outpatient], strict=True))
    # Ratios take the same money, and each part keeps its own labels: the grade of the part and not that of the discharge.
    both = under(built, asked, "L89", ["employee_avg_inpatient_cost"], years)["employee_avg_inpatient_cost"]
    assert both == inpatient
    frame = figures_under(built, asked, "L89", years).filter(pl.col("indicator_id") == "employee_inpatient_expense")
    tiers = frame.filter((pl.col("breakdown") == "hospital_tier") & (pl.col("hospital_tier") == "secondary"))
    assert [int(one) for one in tiers.sort("year")["numerator"] if one] == [200]


@pytest.mark.parametrize("variant", ["money_year=stay", "money_year=stay,stay_year=last_row", "money_year=settlement"])
def test_L89_the_trace_of_money_adds_up_to_it(built: Warehouse, variant: str) -> None:
    years, place = [FIRST_YEAR, YEAR], built.world.areas["L89"].prefecture
    asked = f"{variant},reversal_measure=as_known"
    home = settings_of(built)
    with trial(home, "trace_row") as layer:
        rows = (
            layer.computed(read_variant(home, asked, PROVINCE).province)
            .execute(
                "select traced.year, sum(settled.total_fee_yuan) from indicator.trace_row as traced "
                "join core.fct_settlement as settled using (load_id, source_row) "
                "where cube = 'settlement' and region_code = $1 and visit_type = 'inpatient' group by 1 order by 1",
                [place],
            )
            .fetchall()
        )
    traced = dict(rows)
    expense = under(built, asked, "L89", ["employee_inpatient_expense"], years)["employee_inpatient_expense"]
    assert [traced[year] for year in years] == expense


def rows_L72(area: Area) -> None:
    """Stays beyond the province from 10 to 14 March, each of a person of its own with a filing, or none; direct but the second."""
    for place, goal, begin, end, valid in (
        ("4", OUTSIDE, "2024-03-10", "2024-03-10", "1"),  # the day on which it begins is enough
        ("1", OUTSIDE[:2] + "0000", "2020-01-01", "", "1"),  # a province as a goal, no end
        ("4", OUTSIDE, "2024-03-11", "", "1"),  # filed a day late
        ("4", OUTSIDE, "2023-03-01", "2024-03-09", "1"),  # ended before
        ("4", area.county, "2024-03-01", "", "1"),  # for another goal
        ("4", OUTSIDE, "2024-03-01", "", "0"),  # taken back
        ("4", "", "2024-03-01", "", "1"),  # for no goal
        ("4", "", "", "", ""),  # none
    ):
        row = stay(area, "2024-03-10", "2024-03-14", fee=100, fix_blng_admdvs=OUTSIDE, pay_loc=place)
        if begin:
            area.file(row["psn_no"], goal, begin, enddate=end and f"{end} 00:00:00", vali_flag=valid)
            # A second filing of the same days makes no second stay.
            area.file(row["psn_no"], goal, begin, enddate=end and f"{end} 00:00:00", vali_flag=valid)


def test_L72_only_stays_that_were_filed_make_the_rate_where_the_definition_says_so(built: Warehouse) -> None:
    rate = "xprov_direct_settlement_rate"
    assert whole(built, "L72", rate, YEAR) == (7, 8)
    assert under(built, "direct_settlement_rule=filed_only", "L72", [rate], [YEAR]) == {rate: [1]}
    assert under(built, "direct_settlement_rule=filed_only,direct_settlement_unit=cost", "L72", [rate], [YEAR]) == {
        rate: [100]
    }


def rows_L47(area: Area) -> None:
    """An employee of each of the employers of `MANAGED`, and one whose employer nobody knows."""
    for employer in ("M01", "M02", "M09", "M08", "M80", "E-not-there"):
        area.insure(emp_no=employer)


def test_L47_virtual_units_are_flexible_where_the_definition_goes_by_management(built: Warehouse) -> None:
    groups = [f"employee_{kind}" for kind in ("enterprise", "government", "flexible_other", "insured")]
    by_kind = under(built, "employer_group=emp_type", "L47", groups, [YEAR])
    by_management = under(built, "employer_group=emp_mgt_type", "L47", groups, [YEAR])
    assert list(by_kind.values()) == [[2], [2], [1], [6]]
    # The ordinary units by their kind, the two virtual ones flexible; not written and not known are listed apart.
    assert list(by_management.values()) == [[1], [1], [2], [6]]
