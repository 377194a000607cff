"""Enrolment spells and payments of people: who is insured where, when, and whether they paid in time.

Belongs here: the two spells a person can have, what their slot does to them, and the payments of a year. Every value
is a function of category and rank. Does not belong here: tables (`enrolment_tables.py`), counting (`enrolment_truth.py`).

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
from dagster_project.sample.people import ACTIVE, FLEXIBLE, NEWBORN, RESIDENT, RETIRED, SLOTS
from dagster_project.sample.world import World

Spell = dict[str, NDArray[np.int64]]
EMPLOYEE, URBAN_RURAL, ATTACHED = 0, 1, 2
_STREAM_SPELL, _STREAM_PAYMENT = 51, 52


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
    elsewhere = people.other_region(region, bits(rank, world.seed, _STREAM_SPELL, category))
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
        retire, move, jobless = among(0, 6), among(6, 10), among(10, 13)
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
        move, work = among(0, 8), among(8, 15)
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
        reopened = slot == 43
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
