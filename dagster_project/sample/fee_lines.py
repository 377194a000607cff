"""Charge lines of the settlements of one month (fee_list_d), adding up to their header in total and components (I6).

Belongs here: how a header is cut into lines, the lines taken back in a partial return, and which of them are uses of negotiated
drugs. Does not belong here: headers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dagster_project.sample import codes, identifiers
from dagster_project.sample.amounts import COMPONENTS
from dagster_project.sample.arrow_columns import coded, constant, decimals, moments, money
from dagster_project.sample.calendar import years_of_days
from dagster_project.sample.cells import Cells
from dagster_project.sample.hashing import Integers
from dagster_project.sample.visits import Columns
from dagster_project.sample.world import World

_Marks = NDArray[np.bool_]
_COLUMN_OF = {
    "own": "fulamt_ownpay_amt",
    "over_limit": "overlmt_selfpay",
    "pre_pay": "preselfpay_amt",
    "scope": "inscp_amt",
}
_LIST_TYPES = ("101", "201", "301", "102")
_CHARGE_TYPES = ("09", "03", "08", "10", "04", "01")
# What is sold on a line, by its place; the last two are negotiated drugs. For some settlements the service is an exam on large
# equipment, by one of the codes that the sample's province names (L87).
_ARTICLES = 6
_NEGOTIATED = (4, 5)
_SERVICE = 1
_CATALOGUE_CODES = ("XA02BC", "001103", "C0101", "T00100", "XC09AA", "XL01EX")
_NATIONAL_CODES = (
    "XA02BC0001", "001103000010000", "C01010100100000", "T001000001", "XC09AA0001", "XL01EX0001",
)  # fmt: skip
_EXAM_CODES = ("210300001-01", "210300001-02", "210200001-01", "210300001-99")
_NATIONAL_EXAM_CODES = ("002103000010000", "002103000010000", "002102000010000", "002103000010000")
# One stay in so many has its lines written in every month.
_ASKED = 32
UNITS = ("negotiated_lines", "negotiated_drug_settlements", "negotiated_settlements")


def fee_lines(world: World, rows: Columns) -> pa.Table:
    """Lines of the given settlements: 1–3 outside hospital beds, 8–15 inside, plus two where a line is taken back."""
    header, place, _, taken, amounts = _cut(rows)
    bed = rows["begin"] != rows["end"]
    total = sum((amounts[name] for name in COMPONENTS), start=np.zeros(len(header), dtype=np.int64))
    negative = (total < 0) | taken
    month, stream, number, role = (rows[name][header] for name in ("month", "stream", "number", "role"))
    line_number = number * 1_000 + place * 10
    article = _article(place, taken)
    rank = rows["rank"][header]
    examined = (article == _SERVICE) & (bed[header] | ((rank + number) % 3 == 0))
    sold = np.where(examined, _ARTICLES + rank % len(_EXAM_CODES), article)
    columns = {
        "bkkp_sn": identifiers.event_text("FEE0", month, stream, line_number, role),
        "init_feedetl_sn": identifiers.event_text("FEE0", month, stream, line_number - 10, role, ~taken),
        "setl_id": identifiers.event_text("STL0", month, stream, number, role),
        "mdtrt_id": identifiers.event_text("MDT0", month, stream, number, 0),
        "psn_no": identifiers.person_text(rows["category"][header], rows["rank"][header], number * 0),
        "fixmedins_code": coded(rows["institution"][header], world.institutions.codes),
        "med_type": coded(rows["care"][header], codes.CARE_TYPES),
        "fee_ocur_time": moments(
            np.where(bed[header], rows["day"][header], rows["end"][header]), rows["second"][header]
        ),
        "hilist_code": coded(sold, _CATALOGUE_CODES + _EXAM_CODES),
        "med_list_codg": coded(sold, _NATIONAL_CODES + _NATIONAL_EXAM_CODES),
        "list_type": coded(place % 4, _LIST_TYPES),
        "med_chrgitm_type": coded(place % 6, _CHARGE_TYPES),
        "chrgitm_lv": coded(place % 3, ("01", "02", "03")),
        "cnt": decimals(np.where(negative, -10_000, 10_000), 16, 4),
        "det_item_fee_sumamt": money(total),
    }
    columns |= {_COLUMN_OF[name]: money(amounts[name]) for name in COMPONENTS}
    columns |= {
        "hi_nego_drug_flag": coded(np.isin(article, _NEGOTIATED).astype(np.int64), ("0", "1")),
        "vali_flag": constant("1", len(header)),
        "updt_time": moments(rows["update_day"][header], rows["second"][header] + 60),
    }
    return pa.table(columns)


def is_asked_for(rows: Columns) -> NDArray[np.bool_]:
    """Whose lines are written in a month of which not all are: some stays with negotiated drugs, as a bureau asks for them."""
    stays = (rows["begin"] != rows["end"]) & (rows["settlement_type"] != codes.SUPPLEMENTARY)
    asked: NDArray[np.bool_] = stays & (rows["number"] % _ASKED == 0)
    return asked


def new_cells() -> Cells:
    """Uses of negotiated drugs by year, prefecture and scheme, in the three units."""
    return Cells((10_000, 64, len(codes.SCHEMES)), UNITS)


def count_negotiated(world: World, rows: Columns, cells: Cells) -> None:
    """Count the uses on the lines of settlements that stand: reimbursed at least in part, and not taken back."""
    header, place, given, taken, amounts = _cut(rows)
    total = sum((amounts[name] for name in COMPONENTS), start=np.zeros(len(header), dtype=np.int64))
    reimbursed = (total == 0) | (amounts["own"] != total)
    article = _article(place, taken)
    live = (rows["class"] == codes.LIVE)[header]
    used = {drug: live & reimbursed & ~given & ~taken & (article == drug) for drug in _NEGOTIATED}
    lines = [np.bincount(header[use], minlength=len(rows["month"])).astype(np.int64) for use in used.values()]
    drugs = sum(((each > 0).astype(np.int64) for each in lines), start=np.zeros(len(rows["month"]), dtype=np.int64))
    home = world.geography.prefecture_of[rows["region"]]
    cells.add(
        (years_of_days(rows["day"]), home, codes.SCHEME_OF_INSUTYPE[rows["insutype"]]),
        (sum(lines, start=drugs * 0), drugs, (drugs > 0).astype(np.int64)),
        drugs > 0,
    )


def negotiated_as_json(world: World, cells: Cells) -> list[dict[str, Any]]:
    """The cells with their labels."""
    return [
        {"year": k[0], "prefecture": world.geography.prefectures[k[1]], "scheme": codes.SCHEMES[k[2]]} | sums
        for k, sums in cells.rows()
    ]


def _article(place: Integers, taken: _Marks) -> Integers:
    """What is sold on the line of a place; the line that takes one back stands after it and names the same."""
    article: Integers = (place - taken) % _ARTICLES
    return article


def _cut(rows: Columns) -> tuple[Integers, Integers, _Marks, _Marks, dict[str, Integers]]:
    """Row and place within it of each line, whether it is given and taken back or the one that does so, and its amounts."""
    bed = rows["begin"] != rows["end"]
    usual = np.where(bed, 8 + rows["rank"] % 8, 1 + rows["rank"] % 3)
    usual = np.where(rows["settlement_type"] == codes.SUPPLEMENTARY, 0, usual)
    lines = usual + rows["returned"] * 2
    header = np.repeat(np.arange(len(lines), dtype=np.int64), lines)
    first = np.cumsum(lines) - lines
    place = np.arange(len(header), dtype=np.int64) - first[header]
    count = usual[header]
    amounts = {}
    for name in COMPONENTS:
        whole = rows[name][header]
        sign = np.sign(whole)
        piece = np.abs(whole) // np.maximum(count, 1)
        last = np.abs(whole) - piece * (count - 1)
        amounts[name] = sign * np.where(place == count - 1, last, piece)
    # A line sold and taken back: the second negates the first, so the header holds what remained.
    given, taken = place == count, place == count + 1
    extra = 1_500 + rows["rank"][header] % 2_000
    for name in COMPONENTS:
        amounts[name] = np.where(given | taken, np.where(taken, -extra, extra) * (name == "scope"), amounts[name])
    return header, place, given, taken, amounts
