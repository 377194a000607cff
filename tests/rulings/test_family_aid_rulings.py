"""Cases of what personal accounts pay for family: who is a pair, where it counts, what is no use.

Belongs here: `rows_X` writes the rows of ruling X into its own prefecture, `test_X_…` states the answer worked out by hand.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.rulings.answers import Warehouse
from tests.rulings.world import NEXT_YEAR, YEAR, Area, certificate


def paid(area: Area, holder: str, helped: str, amount: int, **cells: Any) -> None:
    """A payment out of a holder's account for the care of a child, in May unless told otherwise."""
    row = {"acct_incexpd_type": "2", "psn_rlts": "3", "insu_admdvs": area.county, "vali_flag": "1"}
    row |= {"crte_time": f"{YEAR}-05-06 09:00:00", "acct_pay_detl_id": f"A{area.world.next():06d}"}
    area.add("acct_pay_detl_d", **row | {"psn_no": holder, "mulaid_psn_no": helped, "pay_sumamt": amount} | cells)


def rows_L69(area: Area) -> None:
    """Two holders and those whom they help, amounts powers of two; what is nobody's help stands beside them."""
    one, two = "990000L69H1", "990000L69H2"
    # One pair: care twice and a premium, in the relation of the last.
    paid(area, one, "990000L69C1", 1)
    paid(area, one, "990000L69C1", 2, crte_time=f"{YEAR}-07-01 09:00:00")
    paid(area, one, "990000L69C1", 4, crte_time=f"{YEAR}-11-01 09:00:00", acct_incexpd_type="3", psn_rlts="2")
    # The same child of another holder is another pair; so is another year.
    paid(area, two, "990000L69C1", 8)
    paid(area, two, "990000L69C1", 16, crte_time=f"{NEXT_YEAR}-01-02 09:00:00")
    # Taken back whole: no pair. Taken back in part: a use less.
    paid(area, two, "990000L69C2", 32)
    paid(area, two, "990000L69C2", -32, crte_time=f"{YEAR}-06-01 09:00:00")
    paid(area, two, "990000L69C3", 64)
    paid(area, two, "990000L69C3", 128)
    paid(area, two, "990000L69C3", -128)
    # One person under two numbers is one pair.
    numbers = [area.insure(certno=certificate(669), paid=False)["psn_no"] for _ in range(2)]
    paid(area, one, numbers[0], 256, psn_rlts="1")
    paid(area, one, numbers[1], 512, psn_rlts="1")
    # The holder's own use, a row that is not valid, a payment that names nobody.
    paid(area, one, "", 1024, acct_incexpd_type="1", psn_rlts="")
    paid(area, one, one, 1024)
    paid(area, one, "990000L69C4", 1024, vali_flag="0")
    paid(area, one, "", 1024)
    settle(area)


def test_L69_whom_accounts_helped(built: Warehouse) -> None:
    found = built.query(
        "select year, aid_relation, pairs, uses, care_yuan, premium_yuan, other_yuan from indicator.labelled_family_aid "
        "where region_code = ? order by all",
        [built.world.areas["L69"].prefecture],
    )
    assert found == [
        (YEAR, "child", 2, 2, 8 + 64, 0, 0),
        (YEAR, "other_relative", 3, 4, 7 + 3 + 4 + 6, 0, 0),
        (YEAR, "parent", 1, 3, 1 + 2, 4, 0),
        (YEAR, "spouse", 1, 2, 256 + 512, 0, 0),
        (NEXT_YEAR, "child", 1, 1, 16, 0, 0),
    ]


def settle(area: Area) -> None:
    """Settlements of which family paid a part, with the payments that say so: alike, in two parts, one yuan too little."""
    for parts in ([7], [3, 4], [6]):
        settled = area.settle(fee=100, fund=60, cash=33, acct_mulaid_pay=7, when=datetime(YEAR, 9, 9, 9))
        for amount in parts:
            paid(area, "990000L69H9", settled["psn_no"], amount, setl_id=settled["setl_id"], psn_rlts="4")


def test_L69_account_payments_are_compared_with_their_settlement(built: Warehouse) -> None:
    assert built.query(
        "select unexpected, total, money_yuan from core.rule_count where rule_id = 'family_aid_differs' and total > 0 order by all"
    ) == [(1, 3, 1)]
