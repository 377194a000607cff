"""Cases of the rulings about enrolment, population and the fund ledger.

Belongs here: `rows_X` writes the rows of ruling X into its own prefecture, `test_X_…` states the answer worked out by
hand. Every answer is asked of the warehouse and of the second route.
"""

from __future__ import annotations

from tests.rulings.answers import Answers, Parts, Warehouse
from tests.rulings.world import FIRST_YEAR, NEXT_YEAR, YEAR, Area, certificate


def rows_R10(area: Area) -> None:
    area.insure(arrived="2024-12-31 23:59:59")
    area.insure(arrived="2025-01-01 00:00:00")


def test_R10_a_payment_must_have_arrived_by_the_date(answers: Answers) -> None:
    assert answers("R10", "employee_insured") == 1


def rows_R11(area: Area) -> None:
    area.insure(psn_insu_stas="4")  # a snapshot status says nothing about a past date
    area.insure(paus_insu_date="2024-12-31")
    area.insure(paus_insu_date="2024-12-30")
    area.insure(crt_insu_date="2025-01-01")
    area.insure(paus_insu_date="2025-02-01", table="psn_insu_his_d")


def test_R11_spells_decide_at_a_past_date(answers: Answers) -> None:
    assert answers("R11", "employee_insured") == 3


def rows_R12(area: Area) -> None:
    area.insure(surv_stas="2")


def test_R12_the_dead_without_a_date_stay(answers: Answers) -> None:
    assert answers("R12", "employee_insured") == 1


def rows_R13(area: Area) -> None:
    wrong = certificate(13)
    area.insure(certno=wrong[:17] + ("0" if wrong[17] != "0" else "1"))
    area.insure(certno=None)


def test_R13_a_person_without_a_good_row_counts_by_number(answers: Answers) -> None:
    assert answers("R13", "employee_insured") == 2


def rows_R14(area: Area) -> None:
    area.insure(insutype_retr_flag="1", psn_type="1201", paid=False)
    area.insure(insutype_retr_flag="1", psn_type="1201", paid=False, paus_insu_date="2024-05-01")
    area.insure(paid=False)


def test_R14_retired_members_need_no_payment(answers: Answers) -> None:
    assert answers("R14", "employee_retired") == 1
    assert answers("R14", "employee_active") == 0
    assert answers("R14", "employee_insured") == 1


def rows_R15(area: Area) -> None:
    both = certificate(15)
    area.insure(certno=both, crt_insu_date="2021-01-01")
    area.insure(certno=both, insutype="390", psn_type="1501", crt_insu_date="2023-01-01", insutype_retr_flag="")
    twice = certificate(16)
    area.insure(certno=twice, crt_insu_date="2021-01-01")
    area.world.area("R15b").insure(certno=twice.lower(), crt_insu_date="2022-01-01")
    tie = certificate(17)
    area.insure(certno=tie)
    area.world.area("R15b").insure(certno=tie)  # same day: the larger relation number decides


def rows_R15b(area: Area) -> None:
    """The other prefecture of R15."""


def test_R15_one_person_counts_once_in_the_province(answers: Answers) -> None:
    assert answers("R15", "employee_insured") == 1
    assert answers("R15", "resident_insured") == 0
    assert answers("R15b", "employee_insured") == 2


def rows_R16(area: Area) -> None:
    for employer in ("E10", "E50", "E80", "E-not-there", ""):
        area.insure(emp_no=employer)


def test_R16_unknown_employers_are_their_own_group(answers: Answers) -> None:
    parts = [answers("R16", f"employee_{kind}") for kind in ("enterprise", "government", "flexible_other")]
    assert parts == [1, 1, 1]
    assert answers("R16", "employee_insured") == 5


def rows_R17(area: Area) -> None:
    area.settle(fee=100)
    area.settle(fee=200, fix_blng_admdvs="999999")


def test_R17_lawful_regions_are_the_delivered_ones(answers: Answers) -> None:
    assert answers("R17", "employee_outpatient_visits") == 1
    assert answers("R17", "employee_medical_expense_total") == 100


def test_R17_a_region_that_was_not_delivered_is_an_unknown_code(built: Warehouse) -> None:
    assert built.rules("setl_d_R17.csv") == {"code_unknown": 1}


def ledger(area: Area, insutype: str, fund: str, item: str, direction: str, amount: object, **cells: object) -> None:
    """One ledger line of December 2024 unless stated otherwise."""
    area.add(
        "fund_ledger_m",
        **{
            "ym": "202412",
            "poolarea_no": area.prefecture,
            "admdvs": area.prefecture,
            "insutype": insutype,
            "fund_type": fund,
            "item_code": item,
            "dirc": direction,
            "amt": amount,
            "unit": "元",
            "as_of": "2025-01-10",
            **cells,
        },
    )


def rows_R22(area: Area) -> None:
    ledger(area, "310", "统筹", "I01", "收入", 1000)
    ledger(area, "310", "统筹", "I02", "收入", "0.01", unit="万元")
    ledger(area, "310", "个人账户", "I01", "收入", 10)
    ledger(area, "310", "生育", "E01", "支出", 7)
    ledger(area, "310", "生育", "I01", "收入", 5)
    ledger(area, "310", "统筹", "E01", "支出", 400)
    ledger(area, "310", "统筹", "BAL", "结余", 4700)
    ledger(area, "310", "统筹", "BAL", "结余", 4000, ym="202411")
    ledger(area, "390", "统筹", "I01", "收入", 300, as_of="2025-01-10")
    ledger(area, "390", "统筹", "I01", "收入", 310, as_of="2025-02-10")
    ledger(area, "390", "统筹", "E01", "支出", 100)
    ledger(area, "390", "统筹", "BAL", "结余", 900)
    ledger(area, "392", "大病", "I01", "收入", 50)
    for item, amount in (("A01", 11), ("A02", 22), ("A03", 44)):
        ledger(area, "399", "救助", item, "支出", amount)


def test_R22_the_maternity_memo_is_never_added(answers: Answers) -> None:
    assert answers("R22", "employee_fund_income") == 1110
    assert answers("R22", "employee_fund_expenditure") == 400
    assert answers("R22", "employee_pool_current_balance") == 700
    assert answers("R22", "resident_fund_income") == 310
    assert answers("R22", "fund_income_total") == 1420
    assert answers("R22", "pool_cumulative_balance_total") == 5600
    assert answers("R22", "ma_expenditure") == 77


def rows_R24(area: Area) -> None:
    for flag in ("0", "1", "2", "", "7"):
        area.insure(insutype_retr_flag=flag)


def test_R24_unknown_status_is_a_group_of_its_own(answers: Answers) -> None:
    assert answers("R24", "employee_active") == 1
    assert answers("R24", "employee_retired") == 2
    assert answers("R24", "employee_insured") == 5


def rows_R27(area: Area) -> None:
    area.insure()
    area.insure(psn_type="1103", emp_no="E80")
    area.insure(insutype_retr_flag="1")


def test_R27_active_members_are_insured_for_maternity(answers: Answers) -> None:
    assert answers("R27", "maternity_insured") == 2


def rows_L20(area: Area) -> None:
    for mode in ("1", "1", "2", "3", "9", ""):
        area.insure(hi_type=mode)
    area.insure(insutype="390", psn_type="1501", insutype_retr_flag="", hi_type="1")


def test_L20_fund_mode_of_employees(parts: Parts) -> None:
    assert parts("L20", "employee_insured", "fund_mode") == {"pool_account": 2, "pool_only": 2, "unknown": 2}


def test_L20_a_fund_mode_is_an_indicator_of_its_own(built: Warehouse) -> None:
    rows = built.query(
        "select indicator_id, numerator from indicator.indicator_value where year = ? and region_code = ? "
        "and indicator_id in ('employee_pool_account', 'employee_pool_only')",
        [YEAR, built.world.areas["L20"].prefecture],
    )
    assert dict(rows) == {"employee_pool_account": 2, "employee_pool_only": 2}


def rows_L21(area: Area) -> None:
    """Lists by name, by the province's own code, none, an identity of no list, and a code that nobody knows."""
    for identity in ("低保对象", "101", "", "900", "999"):
        spell = area.insure(insutype="390", psn_type="1501", insutype_retr_flag="", paid=False)
        area.world.pay(area, spell, YEAR, "2024-01-15 09:00:00", psn_idet_type=identity)
        area.world.pay(area, spell, NEXT_YEAR, "2025-01-15 09:00:00")


def test_L21_the_paying_row_says_whose_premium_was_subsidised(parts: Parts) -> None:
    expected = {"subsidised": 2, "not_subsidised": 2, "unknown": 1}
    assert parts("L21", "resident_insured", "premium_subsidy") == expected


def test_L21_a_year_without_identities_says_nothing(parts: Parts) -> None:
    assert parts("L21", "resident_insured", "premium_subsidy", NEXT_YEAR) == {"unknown": 5}


def rows_L37(area: Area) -> None:
    for kind in ("1401", "1402", "1403", "1404", "1404", "1405", "14", "1501", "1560", "16", "34", "91", "1101"):
        area.insure(insutype="390", psn_type=kind, insutype_retr_flag="")


def test_L37_groups_of_residents_follow_the_category(answers: Answers) -> None:
    assert answers("L37", "resident_adults") == 3
    assert answers("L37", "resident_pupils_children") == 5
    assert answers("L37", "resident_college") == 2
    assert answers("L37", "resident_insured") == 13


def test_L37_a_category_of_no_roll_up_is_listed(parts: Parts) -> None:
    expected = {"adult": 3, "pupil_child": 5, "college": 2, "unknown": 3}
    assert parts("L37", "resident_insured", "resident_group") == expected


def rows_L38(area: Area) -> None:
    for kind in ("20", "21", "22", "10", "90", ""):
        area.insure(resd_natu=kind)
    area.insure(resd_natu="20", insutype_retr_flag="1", psn_type="1201", paid=False)
    area.insure(resd_natu="20", insutype="390", psn_type="1501", insutype_retr_flag="")


def test_L38_migrant_workers_are_insured_employees_of_rural_households(answers: Answers) -> None:
    assert answers("L38", "migrant_worker_employee") == 4


def test_L38_the_household_is_asked_of_employees_alone(parts: Parts) -> None:
    assert parts("L38", "employee_insured", "household") == {"rural": 4, "not_rural": 2, "unknown": 1}


def rows_L39(area: Area) -> None:
    area.insure(insutype="390", psn_type="1501", insutype_retr_flag="")
    area.insure(insutype="390", psn_type="1501", insutype_retr_flag="")
    for item, amount in (("I01", 800), ("I03", 1200), ("I02", 50), ("I09", 7)):
        ledger(area, "390", "统筹", item, "收入", amount)
    ledger(area, "392", "大病", "I01", "收入", 300)


def test_L39_funding_leaves_interest_and_other_income_out(answers: Answers) -> None:
    assert answers.pair("L39", "resident_per_capita_funding") == (2000, 2)
    assert answers.value("L39", "resident_per_capita_funding") == 1000


def rows_L63(area: Area) -> None:
    def premium(identity: str, arrived: str = "2024-01-15 09:00:00", **cells: object) -> dict[str, object]:
        spell = area.insure(insutype="390", psn_type="1501", insutype_retr_flag="", paid=False, **cells)
        area.world.pay(area, spell, YEAR, arrived, psn_idet_type=identity)
        return spell

    for identity in ("低保对象", "101", "脱贫人口", "因病致贫", "999", "900", ""):
        premium(identity)
    premium("低保对象", "2025-01-02 09:00:00")  # arrived after the year
    premium("特困人员", paus_insu_date="2024-06-30")  # not insured at the year's end
    twice = certificate(431, region="990003")
    premium("脱贫人口", certno=twice)
    area.world.pay(
        area, premium("", certno=twice), YEAR, "2024-02-01 09:00:00", psn_idet_type="孤儿", accrym_begn="202402"
    )
    area.settle(aid=20)


def test_L63_persons_whose_premium_medical_assistance_paid(answers: Answers) -> None:
    assert answers("L63", "ma_subsidised_enrolment") == 4
    assert answers("L63", "ma_total_times") == 7


def test_L63_groups_of_subsidised_persons(parts: Parts) -> None:
    expected = {"minimum_living": 1, "destitute": 2, "orphan": 1}
    assert parts("L63", "ma_subsidised_enrolment", "population_group") == expected


def rows_S14(area: Area) -> None:
    for end in ("", "2099-12-31", "9999-12-31", "NULL"):
        area.insure(paus_insu_date=end)


def test_S14_far_dates_are_an_open_end(answers: Answers) -> None:
    assert answers("S14", "employee_insured") == 4


def rows_S15(area: Area) -> None:
    area.insure(years=[FIRST_YEAR, YEAR])
    area.insure(years=[FIRST_YEAR])
    area.insure(insutype="390", psn_type="1501", insutype_retr_flag="", years=[YEAR])
    area.settle(med_type="21", fee=123)
    for kind, persons in (("should_be_enrolled", 4), ("resident", 8)):
        area.add(
            "population_ref", year=str(YEAR), admdvs=area.prefecture, pop_kind=kind, persons=persons, source_doc="手工"
        )


def test_S15_numerators_in_base_units_and_value_in_the_unit(answers: Answers) -> None:
    assert answers.pair("S15", "coverage_rate") == (2, 4)
    assert answers.value("S15", "coverage_rate") == 50
    assert [float(part) for part in answers.pair("S15", "employee_hospitalisation_rate")] == [1, 1.5]
    assert answers.pair("S15", "employee_avg_inpatient_cost") == (123, 1)
    assert answers.value("S15", "employee_insured") == 0.0001
