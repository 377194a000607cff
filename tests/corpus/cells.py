"""Operators on one cell: every form that a number, a date or a code comes in, written in every form of file in turn (S9, S10, S14).

Belongs here: cells and their values. Does not belong here: rows and files.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import count, cycle
from typing import Any

from dagster_project.contracts import Column, load_contracts
from dagster_project.ingest.codes import known_codes
from tests.corpus.odd import FORMS, ROWS, Odd, free_column, good

BROKEN = "broken"
RECORD = 5  # the odd cell stands in this row
# Text to value; BROKEN where the form is not allowed.
MONEY: dict[str, Any] = {
    " .50": "0.50", ".5": "0.50", "12.": "12.00", "+1.50": "1.50", "\t3.00": "3.00", "１２．５０": "12.50", "1e3": "1000.00",
    "1.230e1": "12.30", "12.5000": "12.50", "0.0": "0.00", "-0.01": "-0.01", "\u30007": "7.00", "007": "7.00",
    "1,234.50": BROKEN, "12元": BROKEN, "inf": BROKEN, "12.34567": BROKEN, "1_000": BROKEN, "1e-9": BROKEN, "N/A": BROKEN,
    "-": BROKEN, "0x10": BROKEN, "9" * 30: BROKEN, "1 2": BROKEN, "'; drop table ops.load; --": BROKEN, "=1+1": BROKEN,
}  # fmt: skip
WHOLE: dict[str, Any] = {"0.0": "0", "12.0": "12", "1.2e1": "12", "12.5": BROKEN, "twelve": BROKEN}
NOTHING = ("null", "NULL", "nan", "NaN", "\\N", "None", "   ")
DAY = datetime(2024, 1, 5)
MOMENTS: dict[str, Any] = {
    "2024-01-05": DAY, "20240105": DAY, "2024/1/5": DAY, "2024/01/05": DAY, " 2024-01-05\t": DAY,
    "2024-01-05 10:11": datetime(2024, 1, 5, 10, 11), "2024-01-05T10:11:12": datetime(2024, 1, 5, 10, 11, 12),
    "2024-1-5": DAY, "２０２４-０１-０５": DAY, "２０２４/1/5": DAY, "2024-1-5 9:05": datetime(2024, 1, 5, 9, 5),
    "20240105101112": datetime(2024, 1, 5, 10, 11, 12), "20240105241112": BROKEN, "202401051011": BROKEN, "2024-1": BROKEN,
    "2024/1/5 9:05": datetime(2024, 1, 5, 9, 5), "20240105 10:11:12.5": datetime(2024, 1, 5, 10, 11, 12, 500000),
    "2024-01-05 24:00:00": BROKEN, "2024-01-05 10:11:12+08": BROKEN, "2024-02-30": BROKEN, "24-01-05": BROKEN,
    "1899-12-31": BROKEN, "2101-01-01": BROKEN, "45296": BROKEN, "2024年1月5日": BROKEN, "infinity": BROKEN, "01/05/2024": BROKEN,
}  # fmt: skip
# Numbers of things as a spreadsheet leaves them; what lies between looks like one and is none.
ROUNDED = ("5.20102E+17", "5.20102e17", "5.20102E+0017", "5E+17", " 5.2010219870101E+17\t", "-1.2E+5")
ROUNDED_NOT = ("1E5", "12e30", "E11.900", "5.20102E", "1+2", "520102000000000000")
OPEN_ENDS = ("9999-12-31", "2099-12-31 00:00:00", "99991231", "")


def cells(numbers: Iterator[int]) -> Iterator[Odd]:
    """A file for every cell operator, over extracts that have a column for it."""
    forms = cycle(FORMS)
    for extract in ("fund_ledger_m", "drg_dip_group_result"):
        column = free_column(extract, "decimal")
        assert column is not None
        for cell, value in MONEY.items():
            yield _one(numbers, forms, extract, column, f"number {cell[:12]!r}", cell, _number(value, column))
    for cell, value in WHOLE.items():
        column = load_contracts()["population_ref"].column("persons")
        yield _one(numbers, forms, "population_ref", column, f"whole {cell!r}", cell, _number(value, column))
    for extract, name in (
        ("drg_dip_group_result", "pay_std"),
        ("fixmedins_b", "uscc"),
        ("psn_insu_d", "psn_insu_date"),
    ):
        for cell in NOTHING:
            yield _one(numbers, forms, extract, load_contracts()[extract].column(name), f"nothing {cell!r}", cell, None)
    for extract, name in (("psn_insu_d", "crt_insu_date"), ("fixmedins_b", "begntime")):
        column = load_contracts()[extract].column(name)
        for cell, value in MOMENTS.items():
            wanted = value if value == BROKEN or column.type == "timestamp" else value.date()
            yield _one(numbers, forms, extract, column, f"moment {cell!r}", cell, wanted)
    for extract, name in (("psn_insu_d", "paus_insu_date"), ("fixmedins_b", "endtime")):
        for cell in OPEN_ENDS:
            yield _one(
                numbers, forms, extract, load_contracts()[extract].column(name), f"open end {cell!r}", cell, None
            )
    yield from _identifiers(numbers, forms)
    yield from _codes(numbers, forms)


def _identifiers(numbers: Iterator[int], forms: Iterator[str]) -> Iterator[Odd]:
    for name, cells_of in (("psn_insu_rlts_id", ROUNDED), ("psn_no", ROUNDED[:3]), ("emp_no", ROUNDED[:2])):
        column = load_contracts()["psn_insu_d"].column(name)
        for cell in cells_of:
            said = f"identifier {cell!r}"
            yield _one(numbers, forms, "psn_insu_d", column, said, cell, BROKEN, rule="identifier_rounded")
    for cell in ROUNDED_NOT:
        column = load_contracts()["psn_insu_d"].column("emp_no")
        yield _one(numbers, forms, "psn_insu_d", column, f"identifier {cell!r}", cell, cell)


def _codes(numbers: Iterator[int], forms: Iterator[str]) -> Iterator[Odd]:
    for extract, contract in load_contracts().items():
        if extract not in ("fixmedins_b", "mdtrt_d", "insu_emp_info_b", "fund_ledger_m"):
            continue
        for column in contract.columns:
            whole = next((code for code in known_codes(column.code_set or "") if code[0] == "0"), None)
            if column.pad and whole:
                lost = whole.lstrip("0")
                yield _one(
                    numbers, forms, extract, column, "lost zero", lost, whole, rule="zero_restored", kind="warned"
                )
            if column.code_set and column.unknown == "quarantine" and column.code_set != "admdvs":
                yield _one(numbers, forms, extract, column, "unknown code", "ZZ", BROKEN, rule="code_unknown")
            if column.code_set and column.unknown == "warn" and column.code_set != "admdvs" and not column.pad:
                yield _one(
                    numbers, forms, extract, column, "code outside", "ZZ", "ZZ", rule="code_unknown", kind="warned"
                )
    for extract, name, cell, value in (
        ("fixmedins_b", "hosp_lv", "０２", "02"), ("fixmedins_b", "fix_blng_admdvs", "５２０１0２", "520102"),
        ("psn_insu_d", "insutype", "３９０", "390"), ("fund_ledger_m", "ym", "２０２４０１", "202401"),
        ("fixmedins_b", "fixmedins_name", "第２人民医院", "第２人民医院"),
    ):  # fmt: skip
        column = load_contracts()[extract].column(name)
        yield _one(numbers, forms, extract, column, f"full width {cell!r}", cell, value)
    for extract, name in (("fixmedins_b", "fixmedins_name"), ("drg_dip_group_result", "drg_name")):
        column = load_contracts()[extract].column(name)
        for cell in (
            "<script>alert('x')</script>", "'; delete from raw.setl_d; --", '=cmd|" /C calc"!A0', "甲,乙；丙|丁\t戊",
            'a "quoted" word', "两行\n文字", "㐂𠮷龘", "{{ 7*7 }}", "%s$1",
        ):  # fmt: skip
            yield _one(numbers, forms, extract, column, f"text {cell[:10]!r}", cell, cell)
        yield _one(numbers, forms, extract, column, "too long", "长" * (column.length + 1), BROKEN, rule="length")
        yield _one(numbers, forms, extract, column, "gigantic cell", "x" * 300_000, BROKEN, rule="length")
    institution = load_contracts()["fixmedins_b"].column("fixmedins_name")
    yield _one(numbers, forms, "fixmedins_b", institution, "required", "", BROKEN, rule="required")


def _number(value: Any, column: Column) -> Any:
    return value if value == BROKEN else Decimal(value)


def _one(
    numbers: Iterator[int],
    forms: Iterator[str],
    extract: str,
    column: Column,
    operator: str,
    cell: str,
    value: Any,
    rule: str = "",
    kind: Any = "accepted",
) -> Odd:
    number, form = next(numbers), next(forms)
    while (form in ("tab", "pipe", "zst") and any(letter in cell for letter in '\t|"\n')) or (
        form == "xlsx" and len(cell) > 32767
    ):
        form = next(forms)
    table = good(extract, number)
    table = [line | {column.name: line.get(column.name, "")} for line in table]
    table[RECORD - 1][column.name] = cell
    suffix, write = FORMS[form]
    name = f"{extract}_{number}_cell{suffix}"
    said = f"{operator} in {extract}.{column.name} as {form}"
    if value is BROKEN or value == BROKEN:
        forms_of = {"decimal": "number_form", "date": "date_form", "timestamp": "date_form"}
        rule = rule or forms_of[column.type]
        return Odd(said, name, write(table), "quarantined", ROWS, rule, held=1)
    if isinstance(value, datetime) and column.type == "date":
        value = date(value.year, value.month, value.day)
    return Odd(said, name, write(table), kind, ROWS, rule, raw={(RECORD, column.name): value})


def numbered(start: int = 1) -> Iterator[int]:
    """Numbers of files."""
    return count(start)
