"""Which rows a file must lose: row rules over typed values, and the threshold that refuses a whole file.

Belongs here: amount identities, the certificate's check digit, codes that decide a class (S1), the threshold of S2.
Does not belong here: rules across rows or files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from tests.second_route.constants import CARE_GROUP_OF, CLASS_CODES, COLUMNS
from tests.second_route.files import Landed
from tests.second_route.parse import typed_rows

WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
CHECK_DIGITS = "10X98765432"
MONEY_OF_TABLE = {"setl_d": "medfee_sumamt", "fee_list_d": "det_item_fee_sumamt", "fund_ledger_m": "amt"}
SMALL_FILE_ROWS, SMALL_FILE_LIMIT, SHARE_LIMIT = 200, 5, 0.01


@dataclass
class Codes:
    """Codes lawful in this delivery: the regions that were delivered, and the province's own care types."""

    regions: set[str] = field(default_factory=set)
    care_types: dict[str, str] = field(default_factory=dict)

    def group_of(self) -> dict[str, str]:
        """Care group of every known care type."""
        return CARE_GROUP_OF | {code: self.care_types[code] for code in self.care_types}


@dataclass
class Outcome:
    """What became of one file: its accepted rows, how many broke which rule, and whether it was refused."""

    file: str
    table: str
    rows_read: int
    accepted: pl.DataFrame
    by_rule: dict[str, int]
    quarantined: int
    refused: bool


def certificate_fails(number: str) -> bool:
    """Whether an 18-character identity number breaks GB 11643."""
    if len(number) != 18:
        return False
    if not number[:17].isdigit():
        return True
    total = sum(int(digit) * weight for digit, weight in zip(number, WEIGHTS, strict=False))
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return True
    return CHECK_DIGITS[total % 11] != number[17].upper()


def certificate_is_cut(number: str) -> bool:
    """Whether an identity number has lost its end: 18 characters and, of old cards, 15 with a date of six digits are whole (L80)."""
    if len(number) == 15 and number.isdigit():
        try:
            date(1900 + int(number[6:8]), int(number[8:10]), int(number[10:12]))
        except ValueError:
            return True
        return False
    return len(number) in (16, 17)


def _off(total: str, parts: Iterable[str]) -> pl.Expr:
    gap = pl.col(total) - sum((pl.col(part).fill_null(0) for part in parts), pl.lit(0))
    return gap.abs() > 1


AMOUNT_RULES = {
    "I1": _off("medfee_sumamt", ["fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_amt"]),
    "I2": _off(
        "fund_pay_sumamt",
        ["hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "othfund_pay"],
    ),
    "I3": _off("medfee_sumamt", ["fund_pay_sumamt", "psn_pay", "ownpay_hosp_part"]),
}


def _code_rules(table: str, typed: pl.DataFrame, codes: Codes) -> pl.Series:
    known_care = [*CARE_GROUP_OF, *codes.care_types]
    wrong = pl.lit(False)
    for column in COLUMNS[table]:
        lawful: list[str] | None = CLASS_CODES.get(column.code_set)
        if column.code_set == "med_type":
            lawful = known_care
        elif column.name == "fix_blng_admdvs" and codes.regions:
            lawful = sorted(codes.regions)
        if lawful is not None:
            wrong = wrong | (pl.col(column.name).is_not_null() & ~pl.col(column.name).is_in(lawful))
    return typed.select(wrong.alias("code_unknown")).to_series() if typed.height else pl.Series(dtype=pl.Boolean)


def _refused(landed: Landed, typed: pl.DataFrame, counted: pl.Series) -> bool:
    rows = typed.height
    broken = int(counted.sum())
    if rows < SMALL_FILE_ROWS:
        return broken > SMALL_FILE_LIMIT
    if broken > SHARE_LIMIT * rows:
        return True
    money = MONEY_OF_TABLE.get(landed.table)
    if money is None:
        return False
    total = typed[money].abs().sum()
    return bool(total) and typed.filter(counted)[money].abs().sum() > SHARE_LIMIT * total


def judge(landed: Landed, codes: Codes) -> Outcome:
    """Validate one file: quarantine the rows that break a rule, refuse the file above its threshold."""
    if not landed.header_ok:
        return Outcome(landed.file, landed.table, landed.frame.height, pl.DataFrame(), {}, 0, True)
    typed, broken = typed_rows(landed.table, landed.frame)
    if landed.table == "setl_d":
        broken |= {rule: typed.select(expr.fill_null(False)).to_series() for rule, expr in AMOUNT_RULES.items()}
    if landed.table == "psn_info_b":
        tested = typed["psn_cert_type"].str.zfill(2) == "01"
        failing = typed["certno"].fill_null("").map_elements(certificate_fails, return_dtype=pl.Boolean)
        broken["checksum"] = tested.fill_null(False) & failing
        cut = typed["certno"].fill_null("").map_elements(certificate_is_cut, return_dtype=pl.Boolean)
        broken["cut"] = tested.fill_null(False) & cut
    form = pl.Series([False] * typed.height, dtype=pl.Boolean)
    for mask in broken.values():
        form = form | mask
    broken["code_unknown"] = _code_rules(landed.table, typed, codes)
    rejected = form | broken["code_unknown"]
    refused = _refused(landed, typed, form)
    accepted = typed.filter(~rejected).with_columns(
        pl.lit(landed.delivered).alias("_delivered"),
        pl.lit(landed.file).alias("_file"),
        pl.lit(landed.batch).alias("_batch"),
        pl.lit(landed.full).alias("_full"),
    )
    counts = {rule: int(mask.sum()) for rule, mask in broken.items() if mask.any()}
    return Outcome(landed.file, landed.table, typed.height, accepted, counts, int(rejected.sum()), refused)
