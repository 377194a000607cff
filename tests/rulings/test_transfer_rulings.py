"""Cases of transfers of insurance: whose record one is, which way it went, what of it counts.

Belongs here: `rows_X` writes the rows of ruling X into its own prefecture, `test_X_…` states the answer worked out by hand.
"""

from __future__ import annotations

from typing import Any

from tests.rulings.answers import Warehouse
from tests.rulings.world import YEAR, Area

FAR = "970101"


def transfer(area: Area, person: str, goal: str, origin: str, **cells: Any) -> None:
    """A record of the case's county, of May, between employee schemes and with 100 yuan unless the cells say otherwise."""
    row = {"insu_admdvs": area.county, "traf_prot_dirc": "11", "traf_amt": 100, "crte_time": f"{YEAR}-05-06 08:00:00"}
    area.add(
        "rlts_traf_info_d", rlts_traf_id=f"T{area.world.next():06d}", psn_no=person, trafin_admdvs=goal,
        trafout_admdvs=origin, **(row | cells),
    )  # fmt: skip


def rows_L68(area: Area) -> None:
    """Transfers that count, with codes of the direction that say the opposite, and some whose way nobody can tell."""
    rural, urban = (area.insure(resd_natu=kind)["psn_no"] for kind in ("21", "10"))
    other_county, other_prefecture = area.prefecture[:4] + "02", area.prefecture[:2] + "9801"
    transfer(area, rural, area.county, FAR, traf_dirc="2")
    transfer(area, urban, area.county, other_prefecture, traf_prot_dirc="21", traf_amt="")
    # Within one prefecture the county whose record it is decides.
    transfer(area, urban, other_county, area.county)
    # The record is kept by the prefecture, the place is one of its counties.
    transfer(area, "990000P000000", FAR, area.county, insu_admdvs=area.prefecture, traf_prot_dirc="", vali_flag="1")
    # Neither side, or both, are whose record it is.
    transfer(area, urban, FAR, other_prefecture)
    transfer(area, urban, area.county, area.county)
    transfer(area, rural, area.county, FAR, vali_flag="0")
    transfer(area, rural, area.county, FAR, crte_time=f"{YEAR + 1}-01-01 00:00:00")


def test_L68_the_places_tell_who_came_and_who_left(built: Warehouse) -> None:
    found = built.query(
        "select direction, travel_class, protection, household, sum(transfers), sum(amount_yuan) from indicator.form_transfer "
        "where year = ? and region_code = ? group by all order by all",
        [YEAR, built.world.areas["L68"].prefecture],
    )
    assert found == [
        ("in", "cross_province", "employee_to_employee", "rural", 1, 100),
        ("in", "in_province", "other", "not_rural", 1, 0),
        ("out", "cross_province", "unknown", "unknown", 1, 100),
        ("out", "in_province", "employee_to_employee", "not_rural", 1, 100),
        ("unknown", "unknown", "employee_to_employee", "not_rural", 2, 200),
    ]
