"""acct_pay_detl_d: what accounts paid for family, and some payments of holders for themselves.

Belongs here: the rows beside settlements and the premiums of a year. Does not belong here: the amount of a settlement that family
paid (`amounts.py`).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from dagster_project.sample import codes, identifiers
from dagster_project.sample.arrow_columns import coded, constant, moments, money
from dagster_project.sample.calendar import day_number
from dagster_project.sample.hashing import Bits, Integers, below, bits, part
from dagster_project.sample.people import ACTIVE, RESIDENT
from dagster_project.sample.settlement_tables import settlement_ids
from dagster_project.sample.visits import Columns
from dagster_project.sample.world import World

UNIQUE = frozenset({"acct_pay_detl_id", "setl_id"})
_PER_YEAR = 260_000  # premiums at scale 1
_STREAM_HOLDER, _STREAM_PREMIUM = 58, 59
_OWN_EVERY = 64  # settlements of which one shows what the holder's own account paid
_OWN, _CARE, _PREMIUM = "1", "2", "3"
_RELATIONS = ("1", "2", "3", "4")  # spouse, parent, child, another
_OF_SIXTEEN = np.array([0] * 4 + [1] * 4 + [2] * 7 + [3], dtype=np.int64)


def settled_payments(world: World, rows: Columns) -> pa.Table | None:
    """One row a settlement for which family paid, one of each so many for what the person's own account paid; None where nobody did."""
    helped = np.flatnonzero(rows["family_account"])
    own = np.flatnonzero((rows["account"] != 0) & (rows["family_account"] == 0) & (rows["number"] % _OWN_EVERY == 0))
    index = np.concatenate([helped, own])
    if len(index) == 0:
        return None
    is_own = np.arange(len(index)) >= len(helped)
    category, rank = rows["category"][index], rows["rank"][index]
    source = bits(rank * 8 + category, world.seed, _STREAM_HOLDER)
    holder, holder_rank = _holder(world, category, rank, source)
    month, stream, number, role = (rows[name][index] for name in ("month", "stream", "number", "role"))
    return pa.table(
        {
            "acct_pay_detl_id": identifiers.event_text("ACPD", month, stream, number, role),
            "psn_no": identifiers.person_text(
                np.where(is_own, category, holder), np.where(is_own, rank, holder_rank), number * 0
            ),
            "acct_incexpd_type": coded(is_own.astype(np.int64), (_CARE, _OWN)),
            "mulaid_psn_no": identifiers.person_text(category, rank, number * 0, is_own),
            "psn_rlts": coded(
                np.where(is_own, len(_RELATIONS), _OF_SIXTEEN[part(source, 40, 4)]), (*_RELATIONS, codes.NULL)
            ),
            "setl_id": settlement_ids(rows).take(pa.array(index)),
            "pay_sumamt": money(np.where(is_own, rows["account"][index], rows["family_account"][index])),
            "insu_admdvs": coded(rows["region"][index], world.geography.region_codes),
            "crte_time": moments(rows["day"][index], rows["second"][index]),
            "vali_flag": constant("1", len(index)),
        }
    )


def premium_payments(world: World, year: int) -> pa.Table:
    """Premiums of residents that a relative's account paid; one row in thirty-two is not valid."""
    number = np.arange(max(24, round(_PER_YEAR * world.scale)), dtype=np.int64)
    rank = below(bits(number, world.seed, _STREAM_PREMIUM, year), world.people.counts[RESIDENT])
    category = np.full(len(number), RESIDENT, dtype=np.int64)
    source = bits(rank * 8 + category, world.seed, _STREAM_HOLDER)
    holder, holder_rank = _holder(world, category, rank, source)
    region = world.people.home_region(category, world.people.home_bits(category, rank))
    drawn = bits(number, world.seed, _STREAM_PREMIUM, year, 1)
    month = np.full(len(number), year * 100, dtype=np.int64)
    return pa.table(
        {
            "acct_pay_detl_id": identifiers.event_text("ACPD", month, number * 0, number, 0),
            "psn_no": identifiers.person_text(holder, holder_rank, number * 0),
            "acct_incexpd_type": constant(_PREMIUM, len(number)),
            "mulaid_psn_no": identifiers.person_text(category, rank, number * 0),
            "psn_rlts": coded(_OF_SIXTEEN[part(source, 40, 4)], _RELATIONS),
            "setl_id": coded(number * 0, (codes.NULL,)),
            "pay_sumamt": money(np.full(len(number), 40_000, dtype=np.int64)),
            "insu_admdvs": coded(region, world.geography.region_codes),
            "crte_time": moments(day_number(year) + part(drawn, 0, 16) % 365, 36_000 + part(drawn, 20, 14)),
            "vali_flag": coded((part(drawn, 40, 5) != 0).astype(np.int64), ("0", "1")),
        }
    )


def _holder(world: World, category: Integers, rank: Integers, source: Bits) -> tuple[Integers, Integers]:
    """Whose account helps a person: always the same employee, never the person."""
    count = world.people.counts[ACTIVE]
    found = below(source, count)
    found = np.where((category == ACTIVE) & (found == rank), (found + 1) % count, found)
    return np.full(len(rank), ACTIVE, dtype=np.int64), found
