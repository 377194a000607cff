"""The hand-made province as landed files: the rows of all cases and what every province delivers.

Belongs here: collecting the cases' rows and writing them. Does not belong here: the cases.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from tests.rulings.world import FIRST_YEAR, NEXT_YEAR, PROVINCE, YEAR, World

CASES = [
    "test_settlement_rulings", "test_negotiated_rulings", "test_working_definitions", "test_stay_rulings",
    "test_machinery_rulings", "test_other_definitions", "test_reversal_kinds", "test_person_rulings", "test_listed_rulings",
    "test_family_aid_rulings", "test_outsider_rulings", "test_enrolment_rulings", "test_returned_rulings", "test_person_file",
    "test_transfer_rulings",
]  # fmt: skip
DELIVERIES = {"b1": "2026-01-10T00:00:00", "b2": "2026-02-10T00:00:00"}
# Identities that this province writes as codes of its own; `other` is an identity of no list.
IDENTITIES = {"101": "destitute", "900": "other"}
# Employers with the code of their kind and of how they are managed, '' where the latter was not written (L47).
MANAGED = {"M01": ("10", "01"), "M02": ("10", "02"), "M09": ("50", "09"), "M08": ("50", "04"), "M80": ("80", "")}
YEARS = [FIRST_YEAR, YEAR, NEXT_YEAR]
# The last year whose reversals the province tells as booked; as known from then on.
LEDGER_UNTIL = FIRST_YEAR


def _common(world: World) -> None:
    """What every province delivers: employers, institutions, encounters, regions."""
    for employer, kind in (("E10", "10"), ("E50", "50"), ("E80", "80")):
        row = {"emp_no": employer, "emp_type": kind, "insu_admdvs": f"{PROVINCE[:2]}0101"}
        world.add("insu_emp_info_b", row, "all", "b1")
    for employer, (kind, management) in MANAGED.items():
        row = {"emp_no": employer, "emp_type": kind, "emp_mgt_type": management, "insu_admdvs": f"{PROVINCE[:2]}0101"}
        world.add("insu_emp_info_b", row, "all", "b1")
    for area in list(world.areas.values()):
        for letter, kind, level in (("H", "1", "02"), ("P", "2", "11")):
            code = f"{letter}{area.county}00001"
            row = {"fixmedins_code": code, "fixmedins_name": code, "fixmedins_type": kind, "hosp_lv": level}
            place = {"fix_blng_admdvs": area.county, "begntime": "2000-01-01 00:00:00"}
            world.add("fixmedins_b", row | place, "all", "b1")
    copied = ["mdtrt_id", "psn_no", "insu_admdvs", "fixmedins_code", "med_type", "vali_flag", "updt_time"]
    encounters = {
        row["mdtrt_id"]: {name: row[name] for name in copied}
        | {"insutype": row["insutype"] or "310", "begntime": row["begndate"], "endtime": row["enddate"]}
        for (_, table, _), rows in sorted(world.rows.items())
        for row in rows
        if table == "setl_d"
    }
    for row in encounters.values():
        world.add("mdtrt_d", row, "all", "b1")
    world.regions()


def make_world(home: Path, cases: Sequence[str] = CASES) -> World:
    """Write the rows of the chosen case modules as a landing folder under a home, with the province's own YAML."""
    world = World(home=home)
    world.area("L4")
    for name in cases:
        module = importlib.import_module(f"tests.rulings.{name}")
        for function in [name for name in vars(module) if name.startswith("rows_")]:
            getattr(module, function)(world.area(function.removeprefix("rows_")))
    _common(world)
    world.write(home / "landing", DELIVERIES)
    (home / "provinces").mkdir()
    (home / "provinces" / f"{PROVINCE}.yml").write_text(
        "name: {zh: 样例省, en: Case province}\n"
        "definitions:\n"
        f"  dedup_scope: [{{from: 2000, value: province}}, {{from: {NEXT_YEAR}, value: each_area}}]\n"
        f"  stay_merge: [{{from: 2000, value: per_mdtrt}}, {{from: {NEXT_YEAR}, value: gap_merge_3}}]\n"
        f"  reversal_measure: [{{from: 2000, value: ledger}}, {{from: {LEDGER_UNTIL + 1}, value: as_known}}]\n"
        f"  netting: [{{from: 2000, value: link_and_flag}}, {{from: {NEXT_YEAR}, value: link_only}}]\n"
        f"  beneficiary_rule: [{{from: 2000, value: any_settlement}}, {{from: {YEAR}, value: hifp_pay_gt0}}, "
        f"{{from: {NEXT_YEAR}, value: any_fund_gt0}}]\n"
        f"  payable_months_denominator: [{{from: 2000, value: actual_year}}, {{from: {NEXT_YEAR}, value: next_year_budget}}]\n"
        f"  negotiated_drug_unit: [{{from: 2000, value: per_line}}, {{from: {YEAR}, value: per_drug_settlement}}, "
        f"{{from: {NEXT_YEAR}, value: per_settlement}}]\n"
        f"  settlement_delay_points: [{{from: 2000, value: claim_to_transfer}}, {{from: {NEXT_YEAR}, value: month_end_to_transfer}}]\n"
        "pooling:\n"
        f"  - {{region: '{world.area('L7').prefecture}', from: 2024-07-01, level: province}}\n"
        "care_type_map: {'16': chronic_outpatient}\n"
        "large_exam_map: {210300001-01: ct_head, 210300001-02: ct_chest, 210300001-99: ct_other}\n"
        "referral_capability: {tertiary: [GB1, 'I10.x:n'], secondary: [IU2]}\n"
        f"identity_map: {IDENTITIES}\n"
        "dummy_creators: []\n",
        encoding="utf-8",
    )
    return world
