"""Drawn settlement rows as the tables setl_d, mdtrt_d and setl_fund_sbit_d.

Belongs here: which column is written from which drawn one, by the platform's core names. Does not belong here: drawing,
text-only dirt (`defects.py`), files.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from dagster_project.sample import codes, identifiers
from dagster_project.sample.amounts import FUNDS
from dagster_project.sample.arrow_columns import coded, constant, days, decimals, moments, money
from dagster_project.sample.calendar import years_of_days
from dagster_project.sample.defects import MISSING_KEY, MISSING_PERSON
from dagster_project.sample.identities import identity_on_settlement
from dagster_project.sample.institutions import DEDUCTIBLE_GRADES, GRADES
from dagster_project.sample.people import RESIDENT
from dagster_project.sample.visits import Columns
from dagster_project.sample.world import World

MONEY_COLUMNS = {
    "medfee_sumamt": "fee",
    "fulamt_ownpay_amt": "own",
    "overlmt_selfpay": "over_limit",
    "preselfpay_amt": "pre_pay",
    "inscp_amt": "scope",
    "act_pay_dedc": "deductible",
    "hifp_pay": "pool",
    "hi_agre_sumfee": "fee",
    "cvlserv_pay": "civil_servant",
    "hifes_pay": "supplementary",
    "hifmi_pay": "serious_illness",
    "hifob_pay": "large_amount",
    "hifdm_pay": "disabled",
    "maf_pay": "assistance",
    "othfund_pay": "other_fund",
    "fund_pay_sumamt": "fund",
    "psn_pay": "personal",
    "acct_pay": "account",
    "acct_mulaid_pay": "family_account",
    "cash_payamt": "cash",
    "ownpay_hosp_part": "hospital_part",
}
# Columns whose values hardly repeat: a dictionary would only cost time.
UNIQUE_COLUMNS = frozenset(
    {
        "setl_id",
        "mdtrt_id",
        "psn_no",
        "rid",
        "init_setl_id",
        "setl_time",
        "updt_time",
        "crte_time",
        "begntime",
        "endtime",
    }
) | frozenset(MONEY_COLUMNS)
_EMPLOYER_TYPES = ("10", "50", "80", codes.NULL)
_FUND_TYPES = {
    "pool": ("310100", "390100"),
    "civil_servant": ("320100", "320100"),
    "supplementary": ("370100", "370100"),
    "serious_illness": ("390200", "390200"),
    "large_amount": ("330100", "330100"),
    "disabled": ("350100", "350100"),
    "assistance": ("610100", "610100"),
    "other_fund": ("999997", "999997"),
}


def settlement_ids(rows: Columns) -> pa.Array:
    """setl_id; null where a planted defect takes the key away."""
    missing = rows["defect"] == MISSING_KEY
    return identifiers.event_text(
        "STL0", rows["month"], rows["stream"], rows["number"], rows["role"], missing if missing.any() else None
    )


def encounter_ids(rows: Columns) -> pa.Array:
    """mdtrt_id: the same for all settlement rows of one encounter."""
    return identifiers.event_text("MDT0", rows["month"], rows["stream"], rows["number"], 0)


def settlement_table(world: World, rows: Columns) -> pa.Table:
    """setl_d."""
    no_person = rows["defect"] == MISSING_PERSON
    regions = (*world.geography.region_codes, world.geography.province[:2] + "8877")
    at_grade = coded(rows["grade"], GRADES)
    prefecture = world.geography.prefecture_of[rows["region"]]
    pooled = world.geography.is_pooled_by_province(rows["day"])
    origin = rows["origin"]
    columns: dict[str, pa.Array] = {
        "setl_id": settlement_ids(rows),
        "init_setl_id": identifiers.event_text(
            "STL0", rows["month"], rows["stream"], rows["number"], np.maximum(origin, 0), origin < 0
        ),
        "mdtrt_id": encounter_ids(rows),
        "psn_no": identifiers.person_text(
            rows["category"], rows["rank"], 0 * origin, no_person if no_person.any() else None
        ),
        "gend": coded(rows["sex"], ("9", "1", "2")),
        "brdy": days(rows["birth"]),
        "age": decimals((rows["day"] - rows["birth"]) // 365 * 10, 4, 1),
        "insutype": coded(rows["insutype"], codes.INSUTYPES),
        "psn_type": coded(rows["person_type"], codes.PERSON_TYPES),
        "cvlserv_flag": coded((rows["civil_servant"] != 0).astype(np.int64), ("0", "1")),
        "sp_psn_type": coded(
            identity_on_settlement(world, rows["category"], rows["rank"], rows["assistance"]), codes.IDENTITIES
        ),
        "insu_admdvs": coded(rows["region"], regions),
        "emp_type": coded(np.where(rows["category"] == RESIDENT, 3, rows["group"]), _EMPLOYER_TYPES),
        "pay_loc": coded(rows["location"], codes.PAY_LOCATIONS),
        "fixmedins_code": coded(rows["institution"], world.institutions.codes),
        "hosp_lv": at_grade,
        "fix_blng_admdvs": coded(rows["place_written"], regions),
        "dedc_hosp_lv": coded(rows["grade"], DEDUCTIBLE_GRADES),
        "begndate": days(rows["begin"]),
        "enddate": days(rows["end"]),
        "setl_time": moments(rows["day"], rows["second"]),
        "med_type": coded(rows["care"], codes.CARE_TYPES),
        "setl_type": coded(rows["settlement_type"], codes.SETTLEMENT_TYPES),
        "clr_type": coded(
            np.where(
                world.institutions.is_pharmacy[rows["institution"]], 2, (rows["begin"] < rows["end"]).astype(np.int64)
            ),
            ("11", "21", "41"),
        ),
        "clr_way": coded(rows["clearing"], codes.CLEARING_WAYS),
        "clr_optins": coded(prefecture, world.geography.prefectures),
    }
    columns |= {name: money(rows[source]) for name, source in MONEY_COLUMNS.items()}
    years = years_of_days(rows["begin"])
    columns |= {
        "refd_setl_flag": coded(rows["flag"], codes.FLAGS),
        "cal_ipt_cnt": coded((rows["begin"] < rows["end"]).astype(np.int64), ("0", "1")),
        "mid_setl_flag": coded(rows["interim"], ("0", "1")),
        "year": coded(
            years - world.base_year + 1, tuple(str(world.base_year - 1 + i) for i in range(len(world.years) + 3))
        ),
        "dise_no": coded(rows["disease"], codes.DISEASES),
        "manl_reim_rea": coded(rows["reason"], codes.MANUAL_REASONS),
        "out_flag": coded(
            (rows["location"] >= codes.IN_PROVINCE_ONLINE).astype(np.int64)
            * (rows["location"] <= codes.CROSS_PROVINCE_ONLINE),
            ("0", "1"),
        ),
        "poolarea_no": coded(
            np.where(pooled, len(world.geography.prefectures), prefecture),
            (*world.geography.prefectures, world.geography.province),
        ),
        "vali_flag": coded(rows["valid"], ("0", "1")),
        "rid": columns["setl_id"]
        if columns["setl_id"].null_count == 0
        else identifiers.event_text("STL0", rows["month"], rows["stream"], rows["number"], rows["role"]),
        "updt_time": moments(rows["update_day"], rows["second"] + 60),
        "crte_time": moments(rows["day"], rows["second"]),
    }
    return pa.table(columns)


def encounter_table(world: World, rows: Columns) -> pa.Table:
    """mdtrt_d: one row an encounter; give the first row of each encounter only."""
    regions = world.geography.region_codes
    bed = rows["begin"] != rows["end"]
    over_new_year = years_of_days(rows["begin"]) < years_of_days(rows["end"])
    # The encounter knows its scheme even where the settlement was written without one (R5: never guess from it).
    insutype = np.where(rows["insutype"] >= 4, (rows["category"] == RESIDENT).astype(np.int64), rows["insutype"])
    care = np.where(np.isin(rows["care"], codes.UNMAPPED_CARE), 0, rows["care"])
    return pa.table(
        {
            "mdtrt_id": encounter_ids(rows),
            "psn_no": identifiers.person_text(rows["category"], rows["rank"], 0 * rows["rank"]),
            "insutype": coded(insutype, codes.INSUTYPES),
            "psn_type": coded(rows["person_type"], codes.PERSON_TYPES),
            "insu_admdvs": coded(rows["region"], regions),
            "fixmedins_code": coded(rows["institution"], world.institutions.codes),
            "hosp_lv": coded(rows["grade"], GRADES),
            "fix_blng_admdvs": coded(rows["place"], regions),
            "pay_loc": coded(
                np.where(rows["location"] == codes.UNKNOWN_LOCATION, codes.NO_LOCATION, rows["location"]),
                codes.PAY_LOCATIONS,
            ),
            "med_type": coded(care, codes.CARE_TYPES),
            "begntime": moments(rows["begin"], 28_800 + rows["second"] % 3_600),
            "endtime": moments(rows["end"], 36_000 + rows["second"] % 3_600),
            "inhosp_stas": constant("0", len(bed)),
            "dscg_maindiag_code": coded(
                np.where(bed, rows["rank"] % 6, -1), ("I10.x00", "J18.900", "E11.900", "K29.500", "M51.200", "I63.900")
            ),
            "dscg_way": coded(np.where(bed, 0, -1), ("1",)),
            "ars_year_ipt_flag": coded(over_new_year.astype(np.int64), ("0", "1")),
            "matn_type": coded(np.where(codes.MATERNITY_STAY[rows["care"]], rows["rank"] % 3, -1), ("1", "2", "3")),
            "vali_flag": constant("1", len(bed)),
            "updt_time": moments(rows["update_day"], rows["second"] + 60),
        }
    )


def fund_split_table(rows: Columns) -> pa.Table:
    """setl_fund_sbit_d: one row a settlement and fund that paid something; adds up to fund_pay_sumamt (I5)."""
    ids = settlement_ids(rows)
    resident = (rows["insutype"] == 1).astype(np.int64)
    kinds = tuple(dict.fromkeys(kind for pair in _FUND_TYPES.values() for kind in pair))
    chosen, kind_of, amount = [], [], []
    for fund in FUNDS:
        where = np.flatnonzero(rows[fund])
        pair = np.array([kinds.index(kind) for kind in _FUND_TYPES[fund]], dtype=np.int64)
        chosen.append(where)
        kind_of.append(pair[resident[where]])
        amount.append(rows[fund][where])
    index = np.concatenate(chosen)
    return pa.table(
        {
            "setl_id": ids.take(pa.array(index)),
            "fund_pay_type": coded(np.concatenate(kind_of), kinds),
            "fund_payamt": money(np.concatenate(amount)),
            "inscp_scp_amt": money(rows["scope"][index]),
            "updt_time": moments(rows["update_day"][index], rows["second"][index] + 60),
        }
    )
