"""The rules of the second route that are lists: code sets, labels, dated choices.

Belongs here: a deliberate second statement of the code sets that decide a class, and of the national defaults. Columns
and types of the tables stand beside this module in `columns.csv`. Does not belong here: computations.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

COLUMNS_FILE = Path(__file__).with_name("columns.csv")


@dataclass(frozen=True)
class Column:
    """One contract column: its type, whether it must be filled, whether it belongs to the key."""

    name: str
    name_zh: str
    kind: str
    length: int
    scale: int
    required: bool
    key: bool
    code_set: str


def load_columns() -> dict[str, list[Column]]:
    """Columns of every table, in the order of the contract."""
    tables: dict[str, list[Column]] = {}
    with COLUMNS_FILE.open(encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            tables.setdefault(row["table"], []).append(
                Column(
                    name=row["field"],
                    name_zh=row["name_zh"],
                    kind=row["type"],
                    length=int(row["length"] or 0),
                    scale=int(row["scale"] or 0),
                    required=row["required"] == "Y",
                    key=row["key"] == "Y",
                    code_set=row["code_set"],
                )
            )
    return tables | {"outmed_setl_d": tables["setl_d"]}


COLUMNS = load_columns()

# Interface names that differ from the core names, per table.
ALIASES: dict[str, dict[str, str]] = {
    "setl_d": {
        "inscp_scp_amt": "inscp_amt",
        "psn_part_amt": "psn_pay",
        "psn_cash_pay": "cash_payamt",
        "oth_pay": "othfund_pay",
        "hosp_part_amt": "ownpay_hosp_part",
        "insuplc_admdvs": "insu_admdvs",
        "mdtrtarea_admvs": "fix_blng_admdvs",
        "mdtrtarea_admdvs": "fix_blng_admdvs",
        "begntime": "begndate",
        "endtime": "enddate",
        "med_sumfee": "hi_agre_sumfee",
    },
    "fee_list_d": {"inscp_scp_amt": "inscp_amt", "feedetl_sn": "bkkp_sn", "overlmt_amt": "overlmt_selfpay"},
}

# Which delivered version of a row is the newest (contracts: version_by); the others go by the delivery.
VERSION_BY = {
    "setl_d": "updt_time",
    "outmed_setl_d": "updt_time",
    "psn_info_b": "updt_time",
    "psn_insu_d": "updt_time",
    "psn_insu_his_d": "updt_time",
    "mdtrt_d": "updt_time",
    "fee_list_d": "updt_time",
    "setl_fund_sbit_d": "updt_time",
    "fund_ledger_m": "as_of",
    "adm_return": "as_of",
}
FULL_DELIVERY = {"admdvs_dim_a", "fixmedins_b", "insu_emp_info_b", "population_ref", "psn_info_b", "psn_insu_d"}

NULL_WORDS = ["", "null", "NULL", "nan", "NaN", "\\N", "None"]
OPEN_END = {
    "psn_idet_info_b": ["endtime"],
    "fixmedins_b": ["endtime"],
    "mdtrt_d": ["endtime"],
    "psn_insu_d": ["paus_insu_date"],
    "psn_insu_his_d": ["paus_insu_date"],
    "out_appy_d": ["enddate"],
    "admdvs_dim_a": ["enddate"],
}

# insutype: the schemes of the platform; only some belong to a scheme of the bulletin (L8).
INSUTYPES = [
    "310",
    "320",
    "330",
    "340",
    "350",
    "360",
    "370",
    "380",
    "390",
    "391",
    "392",
    "399",
    "39901",
    "39902",
    "39903",
    "39904",
    "39916",
    "410",
    "510",
    "610",
]
SCHEME = {"310": "employee", "510": "employee", "390": "resident", "391": "resident", "380": "resident"}

CARE_GROUP = {
    "ordinary_outpatient": "11 12 110104 1102 1103",
    "emergency": "13 1301",
    "chronic_outpatient": "14 1403 1404 140101 140104 140201",
    "inpatient": "21 2101 2102 210104 2105 2110 22 23 24 25 26 28",
    "maternity_inpatient": "2106 2107 52 5212 5302",
    "maternity_outpatient": "51 510102 510103 53 530102 53_04",
    "pharmacy": "41",
    "home_bed": "71",
}
CARE_GROUP_OF = {code: group for group, codes in CARE_GROUP.items() for code in codes.split()}
# Codes whose meaning each province decides (L9); without the province's own row they are unknown.
BY_PROVINCE = ["15", "16", "27", "61", "81", "910202", "910301", "910302"]

VISIT_TYPE = {
    "ordinary_outpatient": "outpatient",
    "emergency": "outpatient",
    "chronic_outpatient": "chronic",
    "inpatient": "inpatient",
    "maternity_inpatient": "inpatient",
    "maternity_outpatient": "maternity_outpatient",
    "home_bed": "home_bed",
    "pharmacy": "pharmacy",
}
STAY_GROUPS = ["inpatient", "maternity_inpatient", "home_bed"]
# Codes of diseases, and care types, of the outpatient drug benefit for the two diseases (L49).
TWO_DISEASE = {"M03900": "hypertension", "M03902": "hypertension", "M01600": "diabetes", "M01603": "diabetes",
               "HBLB101": "unspecified", "HBLB201": "unspecified"}  # fmt: skip
TWO_DISEASE_CARE = ("1403", "1404")
INSTITUTION_TYPES = ["outpatient", "chronic", "inpatient", "maternity_outpatient", "home_bed"]

HOSPITAL_TIER = {
    **dict.fromkeys(["01", "02", "03", "04"], "tertiary"),
    **dict.fromkeys(["05", "06", "07"], "secondary"),
    **dict.fromkeys(["08", "09", "10", "11"], "primary_and_below"),
}
PAY_LOC = ["1", "2", "3", "4", "5"]
REFUND_FLAGS = ["0", "1"]
PER_DIEM = ["5", "50"]

EMPLOYER_GROUP = {
    **dict.fromkeys(["10", "99", "9008"], "enterprise"),
    **dict.fromkeys(
        ["50", "55", "56", "57", "70", "90", "91", "82", "9001", "9002", "9003", "9004", "9005", "9009", "30"],
        "government",
    ),
    **dict.fromkeys(["80", "81", "9006", "9007", "9901", "9939"], "flexible_other"),
}
FUND_MODE = {"1": "pool_account", "2": "pool_only", "3": "pool_only"}
POPULATION_GROUP = {
    "特困人员": "destitute",
    "孤儿": "orphan",
    "低保对象": "minimum_living",
    "低保边缘": "low_income_margin",
    "防返贫监测对象": "anti_poverty_monitored",
    "因病致贫": "illness_impoverished",
    "脱贫人口": "lifted_out_of_poverty",
}
# Groups whose premium medical assistance pays; those of the other lists are paid for by other departments.
ASSISTED_PREMIUMS = ["destitute", "orphan", "minimum_living", "anti_poverty_monitored"]
# Groups of the list that are rural low-income or were lifted out of poverty: orphans are not among them (L64).
RURAL_LOW_INCOME = [
    "destitute",
    "minimum_living",
    "low_income_margin",
    "anti_poverty_monitored",
    "illness_impoverished",
    "lifted_out_of_poverty",
]
RURAL_HOUSEHOLDS = ["20", "21", "22"]
RETIRED_FLAG = {"0": "active", "1": "retired", "2": "retired"}
MEMBER_OF_PSN_TYPE = {"11": "active", "12": "retired", "13": "retired", "14": "none", "15": "none", "16": "none"}

# Code columns that decide a class and the codes they may hold (S1); regions are checked against the delivered ones.
CLASS_CODES = {
    "insutype": INSUTYPES,
    "pay_loc": PAY_LOC,
    "refd_setl_flag": REFUND_FLAGS,
}

POPULATION_SHOULD_BE_ENROLLED = ["should_be_enrolled", "应参"]
UNGROUPED = ["未入组"]

# Level at which a province pools, by date (L7); prefecture where nothing is said.
POOLED_AT_PROVINCE = {"520000": "2024-12-01"}
# From this year on the visit total holds the pharmacies.
PHARMACY_IN_VISITS_FROM = 2024

# Exams on large equipment by catalogue code, and disease groups that hospitals of a tier can treat: as the file of the sample's
# province says (L87, L88).
EXAM_KIND = {
    "210300001-01": "ct_head",
    "210300001-02": "ct_chest",
    "210200001-01": "mri_head",
    "210300001-99": "ct_other",
}
TREATABLE = {"tertiary": {"ES2", "IU2", "GB1"}, "secondary": {"ES2"}}
