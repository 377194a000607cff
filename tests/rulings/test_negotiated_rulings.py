"""Cases of the charge lines of negotiated drugs: which lines are a use that was reimbursed, and in which unit uses are counted.

Belongs here: `rows_X` writes the rows of ruling X into its own prefecture, `test_X_…` states the answer worked out by hand.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.rulings.answers import Warehouse
from tests.rulings.test_returned_rulings import figure
from tests.rulings.world import FIRST_YEAR, NEXT_YEAR, YEAR, Area, Row

_COPIED = ("setl_id", "mdtrt_id", "psn_no", "fixmedins_code", "med_type", "updt_time")
_AMOUNTS = {
    "det_item_fee_sumamt": "medfee_sumamt",
    "fulamt_ownpay_amt": "fulamt_ownpay_amt",
    "preselfpay_amt": "preselfpay_amt",
    "inscp_amt": "inscp_amt",
}


def charge(area: Area, settled: Row, *lines: dict[str, Any]) -> list[str]:
    """Charge lines of a settlement: a drug of one yuan in scope each unless it says otherwise, and one item for the rest of it."""
    numbers = []
    rest = {name: settled[header] for name, header in _AMOUNTS.items()}
    for place, given in enumerate((*lines, {"hi_nego_drug_flag": "", "med_list_codg": "001103000010000"})):
        number = f"F{settled['setl_id']}{place}"
        line = {"hilist_code": "XL01EX", "med_list_codg": "A", "list_type": "101", "med_chrgitm_type": "09"}
        line |= {"chrgitm_lv": "02", "cnt": 1, "hi_nego_drug_flag": "1", "vali_flag": "1", "overlmt_selfpay": 0}
        line |= {"fee_ocur_time": settled["setl_time"], "bkkp_sn": number} | {name: settled[name] for name in _COPIED}
        line |= rest if place == len(lines) else dict.fromkeys(_AMOUNTS, 0) | {"det_item_fee_sumamt": 1, "inscp_amt": 1}
        line |= given
        if line["vali_flag"] == "1" and line["setl_id"]:
            rest = {name: Decimal(rest[name]) - Decimal(line[name]) for name in _AMOUNTS}
        area.add("fee_list_d", **line)
        numbers.append(number)
    return numbers


def returned(number: str, **cells: Any) -> dict[str, Any]:
    """The line that takes back one of a line."""
    return {"init_feedetl_sn": number, "cnt": -1, "det_item_fee_sumamt": -1, "inscp_amt": -1} | cells


def rows_L75(area: Area) -> None:
    """Every year alike: a use a month, and in May what is and what is not a use; a reversal within the year and one after it.

    In the year before the first, lines of one of the two months in which the province settled what stands.
    """
    charge(area, area.settle(when=datetime(FIRST_YEAR - 1, 11, 7, 9)), {})
    for year in (FIRST_YEAR, YEAR, NEXT_YEAR):
        for month in range(1, 13):
            charge(area, area.settle(when=datetime(year, month, 7, 9)), {})
        may = datetime(year, 5, 20, 9)
        # Two lines of one drug and one of another: three lines, two drugs, one settlement.
        charge(area, area.settle(when=may), {}, {}, {"med_list_codg": "B"})
        # One taken back, and one of two taken back: one use that is left.
        settled = area.settle(when=may)
        first, second = f"F{settled['setl_id']}0", f"F{settled['setl_id']}2"
        both = {"med_list_codg": "B", "cnt": 2}
        charge(area, settled, {}, returned(first), both, returned(second, med_list_codg="B"))
        # Paid wholly by the person; a line that is not valid; one not settled; one that says it is no such drug.
        own = {"fulamt_ownpay_amt": 1, "inscp_amt": 0}
        charge(
            area, area.settle(when=may), own, {"vali_flag": "0"}, {"setl_id": ""}, {"hi_nego_drug_flag": "0"},
            returned("F-of-another-settlement"),
        )  # fmt: skip
        for mirrored in (datetime(year, 11, 3, 9), datetime(year + 1, 2, 3, 9)):
            if mirrored.year <= NEXT_YEAR:
                settled = area.settle(when=datetime(year, 6, 3, 9), refd_setl_flag="1")
                charge(area, settled, {})
                taken_back = {"cnt": -1, "det_item_fee_sumamt": -1, "inscp_amt": -1}
                charge(area, area.mirror(settled, when=mirrored), taken_back)


def test_L75_uses_of_negotiated_drugs_in_each_unit(built: Warehouse) -> None:
    # The province counts lines in the first year, drugs a settlement in the second, settlements in the third. In the first it
    # books reversals where they lie: a use that is taken back in the year after has been one.
    assert figure(built, "L75", "negotiated_drug_visits", FIRST_YEAR)[0] == 12 + 3 + 1 + 1
    assert figure(built, "L75", "negotiated_drug_visits", YEAR) == (12 + 2 + 1, None, 15e-8, None)
    assert figure(built, "L75", "negotiated_drug_visits", NEXT_YEAR)[0] == 12 + 1 + 1


def test_L75_a_year_without_the_lines_of_some_months_has_no_figure(built: Warehouse) -> None:
    above, _, value, reason = figure(built, "L75", "negotiated_drug_visits", FIRST_YEAR - 1)
    # November has a line; what was settled in October has been taken back (rows_other_month) and needs none.
    assert (above, value) == (None, None) and reason.startswith("没有谈判药明细的月份：12（")


def test_L75_lines_of_negotiated_drugs_add_up_to_their_settlements(built: Warehouse) -> None:
    """The hand-made lines are sound: what is counted of them stands beside headers that they agree with."""
    lines = built.query(
        "select count(*), count(*) filter (where is_first_of_drug), count(*) filter (where is_first_of_settlement) "
        "from core.fct_negotiated_drug where insured_region = ? and settlement_month = ? and reversal_class = 'live'",
        [built.world.areas["L75"].county, YEAR * 100 + 5],
    )
    assert lines == [(1 + 3 + 1, 1 + 2 + 1, 1 + 1 + 1)]
