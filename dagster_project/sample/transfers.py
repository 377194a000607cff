"""rlts_traf_info_d: who took the insurance to another place, as each side of the province has it on record.

Belongs here: the rows of a year's master batch and their truth. Does not belong here: spells (`lives.py`): these are records of the
agency, of people of any kind.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from dagster_project.sample import categories, codes, identifiers
from dagster_project.sample.arrow_columns import coded, moments, money
from dagster_project.sample.calendar import day_number, years_of_days
from dagster_project.sample.cells import Cells
from dagster_project.sample.hashing import below, bits, part
from dagster_project.sample.people import ACTIVE, RESIDENT, SLOTS
from dagster_project.sample.world import World

_PER_YEAR = 180_000  # at scale 1
_STREAM_TRANSFER, _STREAM_PERSON = 76, 77
_DIRECTIONS, _PLACES = ("in", "out"), ("in_province", "cross_province")
_PROTECTIONS = ("11", "12", codes.NULL)
_PROTECTION_NAMES = ("employee_to_employee", "other", "unknown")
_BROKEN_PERSON_SLOT = 700  # a resident whose person row may not be taken in, and whose household nobody knows then


def new_cells() -> Cells:
    """Accumulator of transfers: year, prefecture, direction, across provinces or not, kind of insurance, household."""
    return Cells((10_000, 64, 2, 2, 3, 3), ("transfers", "amount"))


def transfer_table(world: World, year: int, cells: Cells) -> pa.Table:
    """The records of a year: half are moves within the province, which both sides have; one in 32 is not valid and does not count.

    One in 64 names no kind of insurance. Where from or to lies in a province that is not ours the other side's record is not here.
    """
    geography = world.geography
    drawn = np.arange(max(24, round(_PER_YEAR * world.scale)), dtype=np.int64)
    source = bits(drawn, world.seed, _STREAM_TRANSFER, year)
    category = np.where(drawn % 4 == 3, RESIDENT, ACTIVE)
    sizes = np.array(world.people.counts, dtype=np.int64)[category]
    rank = below(bits(drawn, world.seed, _STREAM_PERSON, year), 2**31) % sizes
    rank = np.where((category == RESIDENT) & (rank % SLOTS == _BROKEN_PERSON_SLOT), rank - 1, rank)
    home = world.people.home_region(category, world.people.home_bits(category, rank))
    abroad = np.array(
        [place for place, code in enumerate(geography.region_codes) if code[:2] != geography.province[:2]],
        dtype=np.int64,
    )
    within = drawn % 2 == 0
    goal = np.where(
        within,
        world.people.other_region(home, bits(drawn, world.seed, _STREAM_TRANSFER, year, 1)),
        abroad[part(source, 0, 16) % len(abroad)],
    )
    outward = part(source, 16, 1)
    # Both sides of a move within the province have a record of it.
    index = np.concatenate([drawn, drawn[within]])
    other_side = np.arange(len(index)) >= len(drawn)
    direction = np.where(other_side, 1 - outward[index], outward[index])
    here = np.where(other_side, goal[index], home[index])
    there = np.where(other_side, home[index], goal[index])
    household = np.where(
        category == RESIDENT, categories.household(RESIDENT, rank), categories.household(ACTIVE, rank)
    )[index]
    protection = np.where(part(source, 20, 6) == 0, 2, np.where(category == RESIDENT, 1, part(source, 26, 3) // 7))[
        index
    ]
    amount = np.where(protection == 0, 20_000 + part(source, 30, 20)[index], 0)
    valid = (part(source, 50, 5)[index] != 0).astype(np.int64)
    day = (day_number(year) + part(source, 32, 20) % (day_number(year + 1) - day_number(year)))[index]
    crosses = (~within[index]).astype(np.int64)
    cells.add(
        (
            years_of_days(day), geography.prefecture_of[here], direction, crosses, protection,
            codes.KIND_OF_HOUSEHOLD[household],
        ),
        (np.ones(len(index), dtype=np.int64), amount),
        valid == 1,
    )  # fmt: skip
    month = np.full(len(index), year * 100, dtype=np.int64)
    regions = geography.region_codes
    return pa.table(
        {
            "rlts_traf_id": identifiers.event_text("TRAF", month, other_side.astype(np.int64), index, 0),
            "psn_no": identifiers.person_text(category[index], rank[index], index * 0),
            "insu_admdvs": coded(here, regions),
            "trafin_admdvs": coded(np.where(direction == 0, here, there), regions),
            "trafout_admdvs": coded(np.where(direction == 0, there, here), regions),
            "traf_dirc": coded(direction, ("1", "2")),
            "traf_prot_dirc": coded(protection, _PROTECTIONS),
            "traf_amt": money(amount),
            "crte_time": moments(day, 36_000),
            "vali_flag": coded(valid, ("0", "1")),
        }
    )


def as_json(world: World, cells: Cells) -> list[dict[str, Any]]:
    """The section with its labels."""
    return [
        {
            "year": key[0], "prefecture": world.geography.prefectures[key[1]], "direction": _DIRECTIONS[key[2]],
            "travel_class": _PLACES[key[3]], "protection": _PROTECTION_NAMES[key[4]],
            "household": codes.HOUSEHOLD_KINDS[key[5]],
        }
        | sums
        for key, sums in cells.rows()
    ]  # fmt: skip
