"""Fund modes of employees and identities of the poor: pure functions of (seed, category, rank).

Belongs here: who pays into a personal account, who stands on a list of the assisted, and which of it a settlement names.
Does not belong here: how much assistance is paid (`amounts.py`), tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dagster_project.sample import codes
from dagster_project.sample.hashing import Integers, bits, choose
from dagster_project.sample.people import RESIDENT

if TYPE_CHECKING:
    from dagster_project.sample.world import World

_STREAM_FUND_MODE, _STREAM_IDENTITY = 14, 15
# By position in codes.HI_TYPES: about 93 % with an account, as published (employee_pool_account 2024: 93.4 %).
_FUND_MODES = (0.933, 0.061, 0.003, 0.001, 0.002)
# By position in codes.IDENTITIES, of those who stand on a list.
_IDENTITIES = (0.0, 0.05, 0.01, 0.42, 0.08, 0.03, 0.405, 0.005)


def is_listed(category: Integers, rank: Integers) -> Integers:
    """1 for every ninth resident: those whose bills are assisted."""
    listed: Integers = ((category >= RESIDENT) & (rank % 9 == 4)).astype(np.int64)
    return listed


def hi_type(world: World, category: Integers, rank: Integers) -> Integers:
    """Position in codes.HI_TYPES of a person as an employee."""
    return choose(bits(rank * 4 + category, world.seed, _STREAM_FUND_MODE), 0, _FUND_MODES).astype(np.int64)


def identity(world: World, category: Integers, rank: Integers) -> Integers:
    """Position in codes.IDENTITIES of a person; 0 for whoever stands on no list."""
    found = np.zeros(len(rank), dtype=np.int64)
    where = np.flatnonzero(is_listed(category, rank))
    source = bits(rank[where] * 4 + category[where], world.seed, _STREAM_IDENTITY)
    found[where] = choose(source, 0, _IDENTITIES)
    return found


def identity_on_settlement(world: World, category: Integers, rank: Integers, assistance: Integers) -> Integers:
    """Position in codes.IDENTITIES that a settlement names: the list, or for half of the others who are assisted, illness."""
    found = identity(world, category, rank)
    on_request = (found == 0) & (assistance != 0) & (rank % 2 == 0)
    found[on_request] = codes.ILL
    return found
