"""Cases of the rulings about intake that show in a number or in the accounts of a load.

Belongs here: rows in forms that the intake accepts or quarantines, versions, labels of the result, what was not given. The finer cases of
file names, headers, encodings and manifests stand with the intake's own tests.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.rulings.answers import Answers, Warehouse
from tests.rulings.world import NEXT_YEAR, YEAR, Area

LABELS = {
    "scheme": {"employee", "resident", "unknown", "total"},
    "member_status": {"active", "retired", "unknown", "total", "none"},
    "hospital_tier": {"tertiary", "secondary", "primary_and_below", "unknown", "total"},
    "visit_type": {
        *("outpatient", "chronic", "inpatient", "pharmacy", "maternity_outpatient", "home_bed", "unknown", "total"),
    },
    "travel_class": {"local", "in_province", "cross_province", "unknown", "total"},
    "region_level": {"province", "prefecture", "county"},
    "status": {"provisional", "final", "not_computable", "suppressed"},
}


def rows_S1(area: Area) -> None:
    area.settle(fee=100)
    for cells in ({"insutype": "555"}, {"med_type": "777"}, {"pay_loc": "8"}, {"refd_setl_flag": "2"}):
        area.settle(fee=200, **cells)
    area.settle(fee=400, psn_type="7777")  # decides no headline class: a warning


def test_S1_unknown_codes_that_decide_a_class_are_held(answers: Answers) -> None:
    assert answers("S1", "employee_outpatient_visits") == 2
    assert answers("S1", "employee_medical_expense_total") == 500


def test_S1_the_rule_is_named_and_the_file_is_not_refused(built: Warehouse) -> None:
    assert built.load("setl_d_S1.csv") == (6, 2, 4)
    assert built.rules("setl_d_S1.csv") == {"code_unknown": 4}


def test_S4_rows_read_are_accepted_or_quarantined(built: Warehouse) -> None:
    assert built.query("select count(*) from ops.load where rows_read <> rows_accepted + rows_quarantined") == [(0,)]
    assert built.query("select count(*) from ops.load where rows_superseded > rows_accepted") == [(0,)]


def rows_S5(area: Area) -> None:
    def version(row: dict[str, Any], fee: int, day: int, batch: str) -> None:
        same = {"setl_id": row["setl_id"], "mdtrt_id": row["mdtrt_id"], "psn_no": row["psn_no"]}
        area.settle(fee=fee, updt_time=f"2024-04-{day:02d} 00:00:00", batch=batch, **same)

    newer = area.settle(fee=100, updt_time="2024-04-01 00:00:00")
    version(newer, 200, 2, "b2")
    older = area.settle(fee=1000, updt_time="2024-04-09 00:00:00")
    version(older, 2000, 3, "b2")  # delivered later, but an older version
    equal = area.settle(fee=10000, updt_time="2024-04-05 00:00:00")
    version(equal, 20000, 5, "b2")  # equal version: the later delivery wins


def test_S5_the_newest_version_wins_and_then_the_later_delivery(answers: Answers) -> None:
    assert answers("S5", "employee_outpatient_visits") == 3
    assert answers("S5", "employee_medical_expense_total") == 21200


def rows_S5_new_code(area: Area) -> None:
    """Codes that no earlier batch had, in a month that is built already: test_as_of takes it in step by step."""
    area.settle(fee=100)
    area.settle(fee=300, hosp_lv="Q7", dedc_hosp_lv="Q8", insu_admdvs=f"{area.county[:4]}77", batch="b2")


def test_S5_a_code_that_comes_later_is_kept(answers: Answers, built: Warehouse) -> None:
    assert answers("S5_new_code", "employee_medical_expense_total") == 400
    kept = "select count(*) from core.fct_settlement where hosp_lv = 'Q7' and dedc_hosp_lv = 'Q8'"
    assert built.query(kept) == [(1,)]


def test_S6_the_certificate_of_a_settlement_does_not_land(built: Warehouse) -> None:
    columns = {row[0] for row in built.query("select column_name from (describe select * from raw.setl_d)")}
    assert not columns & {"certno", "medins_setl_id", "psn_name"}


def rows_S9(area: Area) -> None:
    for text in (" 1 ", "+2", "4.", "8.00", "1.6e1", "３２", "0064", "128.000"):
        cells = dict.fromkeys(["medfee_sumamt", "inscp_amt", "psn_pay", "cash_payamt", "hi_agre_sumfee"], text)
        area.settle(fee=0, fund=0, own=0, pre=0, **cells)
    area.settle(fee=1, fund=0, own=0, pre=0, acct_mulaid_pay=".50", dedc_std="NULL", crt_dedc="nan")
    for text in ("1,000", "9元", "inf", "1.001", "N/A", "-"):
        name = "S9b" if text in ("1,000", "9元", "inf") else "S9c"
        area.world.area(name).settle(fee=5, balc=text)


def rows_S9b(area: Area) -> None:
    area.settle(fee=100)


def rows_S9c(area: Area) -> None:
    area.settle(fee=100)


def test_S9_forms_of_numbers(answers: Answers) -> None:
    assert answers("S9", "employee_outpatient_visits") == 9
    assert answers("S9", "employee_medical_expense_total") == 256
    assert answers("S9", "family_mutual_aid_amount") * 2 == 1


def test_S9_other_forms_are_quarantined(answers: Answers) -> None:
    assert answers("S9b", "employee_medical_expense_total") == 100
    assert answers("S9c", "employee_medical_expense_total") == 100


def rows_S10(area: Area) -> None:
    for text in (
        "2024-03-05",
        "20240305",
        "2024/3/5",
        "2024-03-05 08:30",
        "2024-03-05T08:30:59.5",
        "2024/03/05 8:30:00",
    ):
        area.settle(fee=1, fund=0, own=0, pre=0, setl_time=text, updt_time="20240305")
    for text in ("2024-03-05 24:00:00", "2024-02-30", "05/03/2024", "2024-03-05T08:00:00+08:00", "1899-12-31"):
        area.settle(fee=1000, setl_time=text, updt_time="2024-03-05")


def test_S10_forms_of_dates(answers: Answers) -> None:
    assert answers("S10", "employee_outpatient_visits") == 6
    assert answers("S10", "employee_medical_expense_total") == 6


def test_S10_other_forms_are_quarantined(built: Warehouse) -> None:
    assert built.load("setl_d_S10.csv") == (11, 6, 5)


def test_S16_labels_of_the_result(built: Warehouse) -> None:
    for column, lawful in LABELS.items():
        found = {row[0] for row in built.query(f"select distinct {column} from indicator.indicator_value")}
        assert found <= lawful, (column, found - lawful)


def rows_S17(area: Area) -> None:
    area.settle(fee=100)
    area.settle(fee=200, med_type="9901-99xx")
    area.settle(fee=400, med_type="9905")
    area.insure(emp_no="E-else")
    area.world.add("insu_emp_info_b", {"emp_no": "E-else", "emp_type": "else", "insu_admdvs": area.county}, "all", "b1")


def test_S17_rows_that_describe_ranges_never_match(answers: Answers) -> None:
    assert answers("S17", "employee_medical_expense_total") == 100
    assert answers("S17", "employee_enterprise") == 0
    assert answers("S17", "employee_insured") == 1


def rows_returns(area: Area) -> None:
    """A returned 0, and one kind of population; nothing else is given for this prefecture."""
    given_back(area, "suspects_arrested", "0", "名")
    area.add(
        "population_ref", year=str(YEAR), admdvs=area.prefecture, pop_kind="resident", persons=5, source_doc="手工"
    )


def rows_other_return(area: Area) -> None:
    given_back(area, "ltc_insured", "1.5", "万人")


def given_back(area: Area, indicator: str, value: str, unit: str) -> None:
    """A departmental return for the prefecture of a case."""
    told = {"period": str(YEAR), "measure_kind": "flow_year", "return_dept": "处室", "as_of": f"{NEXT_YEAR}-01-05"}
    area.add("adm_return", admdvs=area.prefecture, indicator_id=indicator, value=value, unit=unit, **told)


def test_what_no_department_returned_is_not_0_and_a_returned_0_is(built: Warehouse) -> None:
    nothing = (None, None, "not_computable")
    not_this = (
        "该地区当年没有填报该指标：部门填报（adm_return） / no return for this indicator in the region and year: "
    )
    nowhere = "该地区没有数据：部门填报（adm_return） / no data for the region: "
    for case, indicator, year, *answer, reason in (
        ("returns", "suspects_arrested", YEAR, 0, 0, "provisional", ""),
        ("returns", "ltc_insured", YEAR, *nothing, not_this),
        ("other_return", "suspects_arrested", YEAR, *nothing, not_this),
        ("other_return", "ltc_insured", YEAR, 15000, 1.5, "provisional", ""),
        ("identities", "suspects_arrested", YEAR, *nothing, nowhere),
        # In that year others have returned something.
        ("returns", "suspects_arrested", NEXT_YEAR, *nothing, nowhere),
    ):
        ((above, value, status, told),) = whole(built, case, indicator, year)
        assert [above, value, status] == answer, (case, indicator, year)
        assert (told or "").startswith(reason) and bool(told) == bool(reason), (case, indicator, year, told)


def test_another_kind_of_population_is_not_the_one_needed(built: Warehouse) -> None:
    ((insured, rate, status, told),) = whole(built, "returns", "coverage_rate", YEAR)
    assert (insured, rate, status) == (0, None, "not_computable")
    assert told.startswith("该地区当年没有所需口径的人口数：") and "no population of the kind needed" in told


def whole(built: Warehouse, case: str, indicator: str, year: int) -> list[tuple[Any, ...]]:
    """Numerator, value, status and reason of an indicator in the prefecture of a case."""
    return built.query(
        "select numerator, value, status, reason from indicator.indicator_value "
        "where indicator_id = ? and year = ? and region_code = ? and breakdown = 'total'",
        [indicator, year, built.world.areas[case].prefecture],
    )


def rows_identities(area: Area) -> None:
    when = datetime(2024, 3, 5)
    area.settle(fee=100, when=when)
    area.settle(fee=100, when=when, inscp_amt="80.01")  # one fen is within the tolerance
    area.settle(fee=100, when=when, inscp_amt="80.02")
    area.settle(fee=100, when=when, hifp_pay="60.02")
    area.settle(fee=100, when=when, psn_pay="40.02")


def test_the_three_amount_identities_hold_the_row(answers: Answers) -> None:
    assert answers("identities", "employee_outpatient_visits") == 2


def test_S4_each_identity_is_named(built: Warehouse) -> None:
    assert built.load("setl_d_identities.csv") == (5, 2, 3)
    assert built.rules("setl_d_identities.csv") == {"I1": 1, "I2": 1, "I3": 1}
