"""Cases of the rulings about settlements: what counts, as what kind of visit, in which scheme.

Belongs here: `rows_X` writes the rows of ruling X into its own prefecture, `test_X_…` states the answer worked out by
hand. Every answer is asked of the warehouse and of the second route.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from tests.rulings.answers import Answers, Warehouse
from tests.rulings.world import YEAR, Area


def rows_R1(area: Area) -> None:
    area.settle(fee=100)
    area.settle(fee=200, refd_setl_flag="1")  # flagged, its mirror never delivered
    area.mirror(area.settle(fee=400, refd_setl_flag="1"))
    area.mirror(area.settle(fee=800))  # the practice that leaves the original's flag at 0
    area.settle(fee=-50, fund=-30, own=0, pre=0, init_setl_id="S-never-delivered", refd_setl_flag="1")


def test_R1_flagged_originals_and_reversed_pairs_do_not_count(answers: Answers) -> None:
    assert answers("R1", "employee_outpatient_visits") == 1
    assert answers("R1", "employee_medical_expense_total") == 100


def rows_R2(area: Area) -> None:
    area.settle(fee=100, med_type="14", provider="P", hosp_lv="11")
    area.settle(fee=200, med_type="14")


def test_R2_the_provider_decides_before_the_care_type(answers: Answers) -> None:
    assert answers("R2", "employee_pharmacy_visits") == 1
    assert answers("R2", "employee_chronic_outpatient_visits") == 1
    assert answers("R2", "employee_benefit_visits") == 2


def rows_R3(area: Area) -> None:
    area.settle(fee=100, med_type="51")
    area.settle(fee=200, med_type="530102")
    area.settle(fee=400, med_type="11")


def test_R3_maternity_outpatient_is_a_kind_of_its_own(answers: Answers) -> None:
    assert answers("R3", "employee_benefit_visits") == 1
    assert answers("R3", "employee_outpatient_visits") == 1
    assert answers("R3", "employee_medical_expense_total") == 700
    assert answers("R3", "maternity_benefit_visits") == 2


def rows_R4(area: Area) -> None:
    area.settle(fee=100, med_type="71")
    area.settle(fee=200, med_type="21")


def test_R4_home_beds_are_outside_the_four_kinds(answers: Answers) -> None:
    assert answers("R4", "employee_inpatient_visits") == 1
    assert answers("R4", "employee_benefit_visits") == 1
    assert answers("R4", "employee_inpatient_expense") == 200
    assert answers("R4", "employee_medical_expense_total") == 300


def rows_R5(area: Area) -> None:
    area.settle(fee=100, insutype="")
    area.settle(fee=200, insutype="390", psn_type="1501")


def test_R5_a_settlement_without_scheme_is_in_no_scheme(answers: Answers) -> None:
    assert answers("R5", "employee_outpatient_visits") == 0
    assert answers("R5", "resident_outpatient_visits") == 1
    assert answers("R5", "resident_medical_expense_total") == 200


def test_R5_the_row_is_accepted(built: Warehouse) -> None:
    assert built.load("setl_d_R5.csv") == (2, 2, 0)


def rows_R6(area: Area) -> None:
    area.settle(fee=300, insutype="510", med_type="52")


def test_R6_maternity_scheme_with_delivery_is_employee(answers: Answers) -> None:
    assert answers("R6", "employee_inpatient_visits") == 1
    assert answers("R6", "employee_inpatient_expense") == 300
    assert answers("R6", "maternity_benefit_visits") == 1


def rows_R7(area: Area) -> None:
    area.settle(fee=100, med_type="21", begndate="2024-03-05", enddate="2024-03-02")
    area.settle(fee=100, med_type="21", begndate="2024-03-01", enddate="2024-03-05")


def test_R7_end_before_begin_counts_one_day(answers: Answers) -> None:
    assert answers.pair("R7", "employee_avg_length_of_stay") == (5, 2)


def test_R7_the_row_is_accepted_with_its_money(built: Warehouse) -> None:
    assert built.load("setl_d_R7.csv") == (2, 2, 0)


def rows_S3(area: Area) -> None:
    """A mirror that differs from its original by one yuan (judged in test_result_rulings)."""
    original = area.settle(fee=100, refd_setl_flag="1")
    area.mirror(original, medfee_sumamt=-101, inscp_amt=-81, psn_pay=-41, cash_payamt=-41, hi_agre_sumfee=-101)


def rows_R23(area: Area) -> None:
    area.settle(fee=100, fund=60, cash=25, med_type="21")
    area.settle(fee=300, fund=200, cash=100, med_type="11")


def test_R23_own_share_is_cash_over_the_whole_fee(answers: Answers) -> None:
    assert answers.pair("R23", "oop_share_inpatient") == (25, 100)


def rows_R25(area: Area) -> None:
    area.settle(fee=100, fund=60, cash=20, acct_mulaid_pay=5)  # inside: 40 = 20 + 20
    area.settle(fee=100, fund=60, cash=20, acct_pay=15, acct_mulaid_pay=5)  # beside: 40 = 15 + 5 + 20


def test_R25_both_positions_of_the_family_account_are_accepted(built: Warehouse) -> None:
    assert built.load("setl_d_R25.csv") == (2, 2, 0)


def test_R25_family_use_is_summed_either_way(answers: Answers) -> None:
    assert answers("R25", "family_mutual_aid_amount") == 10


def rows_R28(area: Area) -> None:
    area.settle(fee=100, insutype="399")
    area.settle(fee=200)


def test_R28_other_schemes_are_in_no_scheme(answers: Answers) -> None:
    assert answers("R28", "employee_outpatient_visits") == 1
    assert answers("R28", "resident_outpatient_visits") == 0
    assert answers("R28", "employee_medical_expense_total") == 200


def rows_R29(area: Area) -> None:
    area.settle(fee=100, med_type="41")
    area.settle(fee=200, med_type="21", provider="P", hosp_lv="11")


def test_R29_pharmacy_code_and_pharmacy_provider_are_pharmacy(answers: Answers) -> None:
    assert answers("R29", "employee_pharmacy_visits") == 2
    assert answers("R29", "employee_inpatient_visits") == 0


def rows_R31(area: Area) -> None:
    even = area.settle(fee=100, refd_setl_flag="1")
    area.mirror(area.mirror(even))
    odd = area.settle(fee=200, refd_setl_flag="1")
    area.mirror(area.mirror(area.mirror(odd)))
    invalid = area.settle(fee=400)
    area.mirror(invalid, vali_flag="0")


def test_R31_an_even_chain_restores(answers: Answers) -> None:
    assert answers("R31", "employee_outpatient_visits") == 2
    assert answers("R31", "employee_medical_expense_total") == 500


def rows_R32(area: Area) -> None:
    for fee, level in ((100, ""), (200, "11"), (400, "9"), (800, "2"), (1600, "77"), (3200, "05")):
        area.settle(fee=fee, med_type="21", hosp_lv=level)


def test_R32_ungraded_is_primary_and_unknown_codes_stay_unknown(answers: Answers) -> None:
    assert answers.pair("R32", "employee_avg_inpatient_cost_primary") == (700, 3)
    assert answers.pair("R32", "employee_avg_inpatient_cost_tertiary") == (800, 1)
    assert answers.pair("R32", "employee_avg_inpatient_cost_secondary") == (3200, 1)
    assert answers.pair("R32", "employee_avg_inpatient_cost") == (6300, 6)


def test_R33_parts_and_unknown_make_the_whole(built: Warehouse) -> None:
    parts = built.breakdown("R32", "employee_inpatient_expense", "hospital_tier")
    assert parts["unknown"] == 1600
    assert sum(value for tier, value in parts.items() if tier != "total") == parts["total"] == Decimal(6300)


def rows_R34(area: Area) -> None:
    for fee, care in ((1, "11"), (2, "14"), (4, "21"), (8, "51"), (16, "71"), (32, "13")):
        area.settle(fee=fee, fund=0, own=0, pre=0, med_type=care)
    area.settle(fee=64, fund=0, own=0, pre=0, med_type="41", provider="P")


def test_R34_institution_expense_has_five_kinds(answers: Answers) -> None:
    assert answers("R34", "employee_medical_expense_total") == 127


def rows_R35(area: Area) -> None:
    area.settle(fee=1000, fund=600, own=100, pre=150, aid=50, med_type="21")


def test_R35_the_id_fixes_its_denominator(answers: Answers) -> None:
    assert answers.pair("R35", "employee_inpatient_catalog_pay_ratio") == (550, 900)
    assert answers.pair("R35", "employee_inpatient_scope_pay_ratio") == (550, 750)
    assert answers.pair("R35", "employee_actual_pay_ratio") == (550, 1000)


def rows_L1(area: Area) -> None:
    first = area.settle(fee=100)
    area.settle(fee=30, setl_type="3", mdtrt_id=first["mdtrt_id"], manl_reim_rea="08")


def test_L1_a_supplementary_row_is_money_but_no_visit(answers: Answers) -> None:
    assert answers("L1", "employee_outpatient_visits") == 1
    assert answers("L1", "employee_medical_expense_total") == 130


def rows_L6(area: Area) -> None:
    kept = area.settle(fee=100, refd_setl_flag="1")
    area.mirror(area.mirror(kept, refd_setl_flag="1"), refd_setl_flag="0")
    area.settle(fee=200, refd_setl_flag="1")


def test_L6_links_decide_in_a_chain_and_the_flag_only_alone(answers: Answers) -> None:
    assert answers("L6", "employee_outpatient_visits") == 1
    assert answers("L6", "employee_medical_expense_total") == 100


def rows_L8(area: Area) -> None:
    for fee, scheme in ((1, "310"), (2, "510"), (4, "390"), (8, "391"), (16, "380"), (32, "340"), (64, "39901")):
        area.settle(fee=fee, fund=0, own=0, pre=0, insutype=scheme)


def test_L8_which_insutype_is_which_scheme(answers: Answers) -> None:
    assert answers("L8", "employee_medical_expense_total") == 3
    assert answers("L8", "resident_medical_expense_total") == 28


def rows_L9(area: Area) -> None:
    area.settle(fee=100, med_type="16")  # mapped to chronic by the province's own table
    area.settle(fee=200, med_type="81")  # not mapped


def test_L9_provincial_codes_need_the_provinces_map(answers: Answers) -> None:
    assert answers("L9", "employee_chronic_outpatient_visits") == 1
    assert answers("L9", "employee_medical_expense_total") == 100


def test_L9_an_unmapped_code_is_quarantined(built: Warehouse) -> None:
    assert built.load("setl_d_L9.csv") == (2, 1, 1)
    assert built.rules("setl_d_L9.csv") == {"code_unknown": 1}


def rows_L12(area: Area) -> None:
    encounter = area.settle(fee=100, med_type="21", mid_setl_flag="1", when=datetime(YEAR, 3, 1))["mdtrt_id"]
    area.settle(fee=100, med_type="21", mdtrt_id=encounter, when=datetime(YEAR, 3, 20))
    area.settle(fee=100, med_type="52")


def test_L12_inpatient_visits_are_stays(answers: Answers) -> None:
    assert answers("L12", "employee_inpatient_visits") == 2
    assert answers("L12", "employee_benefit_visits") == 2


def rows_L15(area: Area) -> None:
    area.settle(fee=100, fund=60, med_type="21")
    area.settle(fee=200, fund=100, med_type="21", insutype="390", psn_type="1501")
    area.settle(fee=400, fund=0, own=0, pre=0, med_type="21", insutype="")


def test_L15_the_own_share_covers_all_schemes(answers: Answers) -> None:
    assert answers.pair("L15", "oop_share_inpatient") == (540, 700)
