"""The platform's category of an enrolment and the household kind of a person: pure functions of who somebody is.

Belongs here: psn_type of a spell and resd_natu of a person, and what the truth calls them. Does not belong here: spells
(`lives.py`), tables.
"""

from __future__ import annotations

import numpy as np

from dagster_project.sample import codes
from dagster_project.sample.calendar import years_of_days
from dagster_project.sample.hashing import Integers
from dagster_project.sample.lives import URBAN_RURAL, Lives, Spell
from dagster_project.sample.people import NEWBORN, RESIDENT
from dagster_project.sample.world import World

_NUMBER = {code: position for position, code in enumerate(codes.SPELL_TYPES)}
_ADULT_AT, _OLD_AT, _SCHOOL_AT, _GRADUATED_AT = 18, 60, 6, 23


def spell_type(world: World, lives: Lives, spell: Spell) -> Integers:
    """Position in codes.SPELL_TYPES: by scheme, retirement and age in the sample's first year.

    Every third resident of 18 to 22 studies; few carry a local extension, few a category of no roll-up.
    """
    age = world.years[0] - years_of_days(lives.birth)
    of_age = np.select(
        [age < _SCHOOL_AT, age < _ADULT_AT, (age < _GRADUATED_AT) & (lives.rank % 3 == 0), age < _OLD_AT],
        [_NUMBER["1402"], _NUMBER["1403"], _NUMBER["1404"], _NUMBER["1501"]],
        _NUMBER["16"],
    )
    of_age = np.where((age < _ADULT_AT) & (lives.rank % 7 == 2), _NUMBER["1405"], of_age)
    of_age = np.where((age >= _ADULT_AT) & (lives.rank % 61 == 3), _NUMBER["1560"], of_age)
    of_age = np.where(lives.rank % 97 == 11, _NUMBER["99"], of_age)
    if lives.category == NEWBORN:
        of_age = np.full(len(lives.rank), _NUMBER["1401"], dtype=np.int64)
    of_work = np.where(spell["retired"] == 1, _NUMBER["1201"], _NUMBER["1101"])
    return np.where(spell["scheme"] == URBAN_RURAL, of_age, of_work).astype(np.int64)


def household(category: int, rank: Integers) -> Integers:
    """Position in codes.HOUSEHOLDS: two thirds of residents and a third of employees are rural; few are not written."""
    kinds = ("20", "10", "21") if category == RESIDENT else ("10", "10", "20")
    positions = np.array([codes.HOUSEHOLDS.index(kind) for kind in kinds], dtype=np.int64)
    found: Integers = np.where(rank % 101 == 7, codes.HOUSEHOLDS.index(codes.NULL), positions[rank % 3])
    return found
