"""Contributions of a spell and year: who paid, when it arrived, and what is wrong with it.

Belongs here: payment rows as columns. Does not belong here: spells (`lives.py`), the tables (`enrolment_tables.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dagster_project.sample.calendar import day_number
from dagster_project.sample.hashing import Integers, bits, part
from dagster_project.sample.lives import URBAN_RURAL, Lives, Spell
from dagster_project.sample.people import ACTIVE, FLEXIBLE, RESIDENT
from dagster_project.sample.world import World

_STREAM_PAYMENT = 52


@dataclass(frozen=True)
class Payments:
    """Payment rows of one spell and year: one array element a row; `who` points into the chunk."""

    who: Integers
    accrual_from: Integers
    accrual_to: Integers
    day: Integers
    flag: Integers  # clct_flag 0 or 1
    kind: Integers  # clct_type 10 or 32
    offset: Integers  # 1: revs_flag other than Z
    sign: Integers  # -1 on the row that takes an offset one back


def payments(world: World, lives: Lives, spell: Spell, year: int) -> Payments:
    """What is paid for one insurance year: residents a row a year, employees a row a quarter, flexible ones a row a year."""
    first, last = day_number(year), day_number(year, 12, 31)
    overlaps = (spell["exists"] == 1) & (spell["from"] <= last) & ((spell["to"] == 0) | (spell["to"] >= first))
    reopened_history = (spell["history"] == 1) & (lives.category == RESIDENT)
    overlaps &= ~reopened_history
    # Nobody pays for the dead in the years after.
    overlaps &= (lives.death == 0) | (lives.death >= first)
    parts: list[Payments] = []
    resident = overlaps & (spell["scheme"] == URBAN_RURAL)
    if resident.any():
        parts.append(_resident_payments(world, lives, spell, year, np.flatnonzero(resident)))
    working = overlaps & (spell["scheme"] != URBAN_RURAL) & (spell["retired"] != 1) & (spell["retired"] != 2)
    if working.any():
        parts += _employee_payments(world, lives, spell, year, np.flatnonzero(working))
    if not parts:
        empty = np.zeros(0, dtype=np.int64)
        return Payments(empty, empty, empty, empty, empty, empty, empty, empty)
    return Payments(*(np.concatenate([getattr(p, f) for p in parts]) for f in Payments.__dataclass_fields__))


def _resident_payments(world: World, lives: Lives, spell: Spell, year: int, who: Integers) -> Payments:
    """From September of the year before; newcomers after they came; a few too late, unpaid, offset or not at all."""
    rank, slot = lives.rank[who], lives.slot[who]
    source = bits(rank * 4 + lives.category, world.seed, _STREAM_PAYMENT, year)
    # 2 % let a year pass, dropouts all years from the second on.
    payer = (part(source, 0, 16) >= 1311) & ~(
        (slot >= 28) & (slot < 36) & (lives.category == RESIDENT) & (year > world.years[0])
    )
    who, rank, slot, source = who[payer], rank[payer], slot[payer], source[payer]
    day = np.maximum(day_number(year - 1, 9, 2) + part(source, 16, 16) % 150, spell["from"][who] + 8)
    settled = lives.category == RESIDENT
    day = np.where(settled & (slot >= 36) & (slot < 39), day_number(year + 1, 1, 4), day)
    offset = (settled & (slot == 39)).astype(np.int64)
    flag = 1 - (settled & ((slot == 42) | (slot == 44))).astype(np.int64)
    beside = np.flatnonzero(settled & (slot == 40))
    index = np.concatenate([np.arange(len(who)), beside, beside])
    base = Payments(
        who=who,
        accrual_from=np.full(len(who), year * 100 + 1, dtype=np.int64),
        accrual_to=np.full(len(who), year * 100 + 12, dtype=np.int64),
        day=day,
        flag=flag,
        kind=np.full(len(who), 10, dtype=np.int64),
        offset=offset,
        sign=np.ones(len(who), dtype=np.int64),
    )
    return _with_offsets(base, index, len(who), len(beside))


def _with_offsets(base: Payments, index: Integers, rows: int, beside: int) -> Payments:
    """Rows, and for some of them an offset pair: paid twice, one payment booked out again."""
    columns = {name: getattr(base, name)[index] for name in Payments.__dataclass_fields__}
    columns["offset"][rows:] = 1
    columns["sign"][rows + beside :] = -1
    columns["day"][rows:] = columns["day"][rows:] + 1
    columns["day"][rows + beside :] = columns["day"][rows + beside :] + 1
    return Payments(**columns)


def _employee_payments(world: World, lives: Lives, spell: Spell, year: int, who: Integers) -> list[Payments]:
    """Quarters paid by the employer in their second month; flexible workers pay the year in one row."""
    group = world.people.employer_group(spell["employer"][who])
    active = lives.category == ACTIVE
    result = []
    for quarter in range(5):
        yearly = quarter == 4
        chosen = who[group == FLEXIBLE] if yearly else who[group != FLEXIBLE]
        begin, end = (1, 12) if yearly else (quarter * 3 + 1, quarter * 3 + 3)
        first = day_number(year, begin)
        last = day_number(year, 12, 31) if yearly or quarter == 3 else day_number(year, end + 1) - 1
        here = (spell["from"][chosen] <= last) & ((spell["to"][chosen] == 0) | (spell["to"][chosen] >= first))
        here &= (lives.death[chosen] == 0) | (lives.death[chosen] >= first)
        chosen = chosen[here]
        slot = lives.slot[chosen]
        day = np.maximum(day_number(year, begin + 1, 10) + lives.rank[chosen] % 15, spell["from"][chosen] + 5)
        late = active & (slot == 19) & (yearly or quarter == 3)
        day = np.where(late, day_number(year + 1, 1, 5), day)
        beside = np.flatnonzero(active & (slot == 24) & (yearly or quarter == 3))
        index = np.concatenate([np.arange(len(chosen)), beside, beside])
        base = Payments(
            who=chosen,
            accrual_from=np.full(len(chosen), year * 100 + begin, dtype=np.int64),
            accrual_to=np.full(len(chosen), year * 100 + end, dtype=np.int64),
            day=day,
            flag=1 - (active & (slot == 22)).astype(np.int64),
            kind=np.where(active & (slot == 20), 32, 10).astype(np.int64),
            offset=(active & (slot == 21)).astype(np.int64),
            sign=np.ones(len(chosen), dtype=np.int64),
        )
        result.append(_with_offsets(base, index, len(chosen), len(beside)))
    return result
