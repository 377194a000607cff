"""Rows that must be rejected, each with the rule it breaks, and the text-only dirt of text files.

Belongs here: the list of planted defects and how a good row is broken. A broken row is an extra outpatient visit that
truth counts nowhere; its encounter in mdtrt_d stays good. Does not belong here: rows that are merely odd but accepted
(unknown grades, missing schemes), which `visits.py` draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.sample import codes
from dagster_project.sample.files import as_text
from dagster_project.sample.hashing import Integers
from dagster_project.sample.visits import Columns
from dagster_project.sample.world import World


@dataclass(frozen=True)
class Defect:
    """One way to break a settlement row: the rule it breaks, and the cell of a text file (None: in every format)."""

    rule: str
    column: str | None = None
    text: str | None = None


DEFECTS = (
    Defect("none"),
    Defect("I1"),
    Defect("I2"),
    Defect("I3"),
    Defect("code_unknown"),  # 4 care type in no set
    Defect("code_unknown"),  # 5 care type whose meaning is provincial and unmapped (L9)
    Defect("code_unknown"),  # 6 place of payment
    Defect("code_unknown"),  # 7 reversal flag in no set
    Defect("code_unknown"),  # 8 reversal of a reversal as a flag
    Defect("code_unknown"),  # 9 scheme
    Defect("code_unknown"),  # 10 region of the institution
    Defect("required"),  # 11 key
    Defect("required"),  # 12 person
    # Text-only dirt stands in columns outside I1 to I3, so that each row breaks one rule and no second one by the way.
    Defect("number_form", "hi_agre_sumfee", "1,234.50"),
    Defect("number_form", "act_pay_dedc", "abc"),
    Defect("date_form", "begndate", "2024-13-45"),
    Defect("date_form", "setl_time", "2024-05-06 24:00:00"),
    Defect("number_form", "cash_payamt", "-"),
    Defect("number_form", "acct_mulaid_pay", "12.345"),
)
MISSING_KEY, MISSING_PERSON = 11, 12
IN_EVERY_FORMAT = 12  # positions 1 to 12; the rest only where cells are text


def plant(world: World, rows: Columns, as_text: bool) -> Columns:
    """Break every row of an extra stream, rule by rule in turn."""
    count = len(rows["month"])
    kinds = len(DEFECTS) - 1 if as_text else IN_EVERY_FORMAT
    # Few rows still meet every rule over the months; text files begin with what only they can hold.
    first = np.full(count, IN_EVERY_FORMAT, dtype=np.int64) if as_text else rows["month"] * 5
    defect = 1 + (rows["number"] + first) % kinds
    rows["defect"] = defect
    rows["class"] = np.full(count, codes.NOWHERE, dtype=np.int64)
    rows["own"] = rows["own"] + np.where(defect == 1, 100, 0)
    rows["fund"] = rows["fund"] + np.where(defect == 2, 100, 0)
    # I3 alone: fund stays whole, fee stays whole, only what the person pays is off.
    rows["personal"] = rows["personal"] + np.where(defect == 3, 100, 0)
    rows["personal"] = rows["personal"] - np.where(defect == 2, 100, 0)
    rows["cash"] = rows["personal"] - rows["account"]
    rows["care"] = np.where(
        defect == 4, codes.UNMAPPED_CARE[0], np.where(defect == 5, codes.UNMAPPED_CARE[1], rows["care"])
    )
    rows["location"] = np.where(defect == 6, codes.UNKNOWN_LOCATION, rows["location"])
    rows["flag"] = np.where(defect == 7, 2, np.where(defect == 8, 3, rows["flag"]))
    rows["insutype"] = np.where(defect == 9, codes.INSUTYPES.index("777"), rows["insutype"])
    rows["place_written"] = np.where(defect == 10, len(world.geography.region_codes), rows["place_written"])
    return rows


def break_cells(table: pa.Table, defect: Integers) -> pa.Table:
    """Write the planted text into the cells of a table that becomes text."""
    for position, planted in enumerate(DEFECTS):
        if planted.column is None:
            continue
        hit = defect == position
        if hit.any():
            at = table.column_names.index(planted.column)
            text = as_text(table.select([planted.column])).column(0).combine_chunks()
            mixed = pc.if_else(pa.array(hit), pa.scalar(planted.text, pa.string()), text)
            table = table.set_column(at, planted.column, mixed)
    return table


def without_leading_zeros(table: pa.Table, column: str) -> pa.Table:
    """A coded column the way a spreadsheet leaves it: 02 became 2."""
    at = table.column_names.index(column)
    text = as_text(table.select([column])).column(0)
    return table.set_column(at, column, pc.utf8_ltrim(text, characters="0"))
