"""Enrolment spells of people: who is insured where and when.

Belongs here: the two spells a person can have and what their slot does to them. Every value is a function of category
and rank. Does not belong here: payments (`payments.py`), tables (`enrolment_tables.py`), counting (`enrolment_truth.py`).

A spell is a dict of columns: `exists, scheme (0 employee, 1 resident, 2 attached 320), region, from, to (0 open), retired
(0, 1, 2, 9 unknown code, -1 empty), registration, relation (last digit of psn_insu_rlts_id), history (1: row of
psn_insu_his_d), known_from (year of the delivery that first holds it), ended_in (year of the delivery that closes it,
0 never), employer`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dagster_project.sample.calendar import day_number, years_of_days
from dagster_project.sample.hashing import Integers, bits, part
from dagster_project.sample.people import ACTIVE, MOVE_SLOTS, NEWBORN, RESIDENT, RETIRED, SLOTS
from dagster_project.sample.world import World

Spell = dict[str, NDArray[np.int64]]
EMPLOYEE, URBAN_RURAL, ATTACHED = 0, 1, 2
_STREAM_SPELL = 51


@dataclass(frozen=True)
class Lives:
    """A chunk of people of one category, their spells and what is wrong with their person row."""

    category: int
    rank: Integers
    slot: Integers
    birth: Integers
    sex: Integers
    region: Integers
    death: Integers  # day number, 0 while alive
    second_registration: NDArray[np.bool_]
    person_defect: Integers  # 0 none, 1 check digit, 2 month 13, 3 no sex
    spells: tuple[Spell, Spell]


def live(world: World, category: int, rank: Integers) -> Lives:
    """The lives of people of one category."""
    people = world.people
    kind = np.full(len(rank), category, dtype=np.int64)
    home = people.home_bits(kind, rank)
    region, birth = people.home_region(kind, home), people.birth_days(kind, rank)
    slot, round_number = rank % SLOTS, rank // SLOTS
    event_source = people.event_bits(kind, rank)
    event = people.event_day(event_source)
    elsewhere = moved_region(world, category, rank, region)
    start = day_number(2005, 1, 5) + part(event_source, 20, 20) % (
        day_number(world.base_year, 1, 1) - day_number(2005, 1, 5)
    )
    start = np.maximum(start, birth + 5)
    first = _spell(world, category, rank, region, start)
    second = {key: values.copy() for key, values in first.items()}
    second["exists"][:] = 0
    second["relation"][:] = 2
    death = np.zeros(len(rank), dtype=np.int64)
    double = np.zeros(len(rank), dtype=np.bool_)

    def among(low: int, high: int) -> NDArray[np.bool_]:
        return (slot >= low) & (slot < high)

    def end_first(where: NDArray[np.bool_]) -> None:
        first["to"][where] = event[where] - 1
        first["ended_in"][where] = years_of_days(event[where])

    def open_second(where: NDArray[np.bool_], **values: int | Integers) -> None:
        second["exists"][where] = 1
        for key, value in values.items():
            second[key][where] = value if isinstance(value, int) else value[where]

    event_year = years_of_days(event)
    later = {"from": event, "known_from": event_year}
    if category == ACTIVE:
        retire, move, jobless = among(0, 6), among(*MOVE_SLOTS[ACTIVE]), among(10, 13)
        end_first(retire | move | jobless)
        first["history"][retire] = 1
        first["known_from"][retire] = event_year[retire]
        open_second(retire, retired=1, relation=1, **later)
        open_second(move, region=elsewhere, **later)
        open_second(jobless, scheme=URBAN_RURAL, retired=-1, **later)
        open_second(slot == 13, scheme=URBAN_RURAL, retired=-1)
        open_second(slot == 14, scheme=URBAN_RURAL, retired=-1, region=elsewhere, registration=1)
        open_second(slot == 15, region=elsewhere, registration=1, **{"from": start + 200})
        double = (slot == 14) | (slot == 15)
        death = np.where(slot == 16, event, 0)
        first["retired"][(slot == 17) & (round_number % 4 == 0)] = -1
        first["retired"][(slot == 17) & (round_number % 4 == 1)] = 9
        open_second(among(25, 31), scheme=ATTACHED, retired=0)
    elif category == RETIRED:
        death = np.where(among(0, 8), event, 0)
        open_second(slot == 8, scheme=URBAN_RURAL, retired=-1)
        open_second(slot == 9, scheme=URBAN_RURAL, retired=-1, region=elsewhere, registration=1)
        double = slot == 9
        ended = slot == 10
        first["to"][ended] = day_number(world.base_year - 1, 6, 30)
        first["retired"][among(12, 14)] = 2
    elif category == RESIDENT:
        move, work = among(*MOVE_SLOTS[RESIDENT]), among(8, 15)
        end_first(move | work)
        open_second(move, region=elsewhere, **later)
        open_second(work, scheme=EMPLOYEE, retired=0, **later)
        twice = among(15, 17)
        open_second(twice, region=elsewhere, registration=1, **{"from": start + 30})
        tie = (slot == 17) & (round_number % 4 == 0)
        open_second(tie, region=elsewhere, registration=1)
        open_second(slot == 18)
        double = twice | tie
        death = np.where(among(20, 28), event, 0)
        reopened = (slot == 43) & (birth < day_number(2005))
        open_second(reopened, relation=1, **{"from": np.maximum(start, day_number(world.base_year - 1, 2, 1))})
        first["history"][reopened] = 1
        first["from"][reopened] = np.minimum(start, day_number(2010, 3, 1))[reopened]
        first["to"][reopened] = day_number(world.base_year - 2, 12, 31)
    # Half of the dead are closed on the day; the other half stay open until somebody tells the agency (R12).
    closed = (death > 0) & (round_number % 2 == 0)
    end_first(closed)
    defect = np.where((slot == 700) & (category == RESIDENT), 1 + round_number % 4, 0)
    return Lives(
        category=category,
        rank=rank,
        slot=slot,
        birth=birth,
        sex=people.sex(home),
        region=region,
        death=death,
        second_registration=double,
        person_defect=np.where(defect > 3, 0, defect),
        spells=(first, second),
    )


def moved_region(world: World, category: int, rank: Integers, region: Integers) -> Integers:
    """Where people of one category are insured after a move."""
    return world.people.other_region(region, bits(rank, world.seed, _STREAM_SPELL, category))


def _spell(world: World, category: int, rank: Integers, region: Integers, start: Integers) -> Spell:
    size = len(rank)
    employee = category in (ACTIVE, RETIRED)
    birth_year = years_of_days(start) if category == NEWBORN else np.full(size, world.base_year, dtype=np.int64)
    return {
        "exists": np.ones(size, dtype=np.int64),
        "scheme": np.full(size, EMPLOYEE if employee else URBAN_RURAL, dtype=np.int64),
        "region": region.copy(),
        "from": start.copy(),
        "to": np.zeros(size, dtype=np.int64),
        "retired": np.full(size, {ACTIVE: 0, RETIRED: 1}.get(category, -1), dtype=np.int64),
        "registration": np.zeros(size, dtype=np.int64),
        "relation": np.ones(size, dtype=np.int64),
        "history": np.zeros(size, dtype=np.int64),
        "known_from": birth_year,
        "ended_in": np.zeros(size, dtype=np.int64),
        "employer": world.people.employer(rank, region),
    }
