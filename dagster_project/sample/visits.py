"""Settlement rows drawn from counters: who, where, when, which kind.

Belongs here: `draw`, a pure function of (world, month, stream, row numbers) that gives columns of small integers.
Does not belong here: money (`amounts.py`), several rows of one encounter (`stories.py`), files.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dagster_project.sample import codes
from dagster_project.sample.amounts import add_amounts
from dagster_project.sample.calendar import month_span
from dagster_project.sample.hashing import Bits, Integers, bits, choose, lognormal_table, part
from dagster_project.sample.lives import moved_region
from dagster_project.sample.people import (
    ACTIVE,
    EVENT_SLOTS,
    FLEXIBLE,
    GOVERNMENT,
    MOVE_SLOTS,
    RESIDENT,
    RETIRED,
    SLOTS,
)
from dagster_project.sample.places import add_place, chance, kind_position
from dagster_project.sample.world import World

Columns = dict[str, NDArray[np.int64]]

BULK = 0  # stream of ordinary rows; stories have their own
# Care types of each kind of calibration.yml, with weights, by position in codes.CARE_TYPES.
_CARE = {
    "pharmacy": (("41", 1.0),),
    "outpatient": (("11", 0.7), ("110104", 0.3)),
    "chronic": (("14", 0.4), ("140104", 0.35), ("140201", 0.15), ("1404", 0.1)),
    "inpatient": (("21", 0.86), ("2102", 0.03), ("24", 0.04), ("28", 0.04), ("2105", 0.03)),
    "emergency": (("13", 0.9), ("1301", 0.1)),
    "maternity_outpatient": (("51", 0.5), ("510102", 0.3), ("53", 0.15), ("53_04", 0.05)),
    "maternity_inpatient": (("52", 0.95), ("5302", 0.05)),
    "home_bed": (("71", 1.0),),
    "registration": (("12", 1.0),),
    "chronic_at_pharmacy": (("14", 0.6), ("140104", 0.4)),
    "purchase_at_hospital": (("41", 1.0),),
    "inpatient_code_at_pharmacy": (("21", 1.0),),
}
_AT_PHARMACY = ("pharmacy", "chronic_at_pharmacy", "inpatient_code_at_pharmacy")
_WITH_BED = ("inpatient", "maternity_inpatient", "home_bed")
_MATERNITY = ("maternity_outpatient", "maternity_inpatient")


def draw_kinds(world: World, month: int, stream: int, number: Integers) -> Integers:
    """Kind of each ordinary row; cheap, so that a second pass can pick out the stays."""
    weights = tuple(kind.share for kind in world.calibration.kinds)
    return choose(bits(number, world.seed, 31, stream, month), 0, weights).astype(np.int64)


def draw(world: World, month: int, stream: int, number: Integers, kind: Integers | None = None) -> Columns:
    """Rows of one month and stream; row i depends on (seed, month, stream, number[i], kind[i]) alone."""
    first = bits(number, world.seed, 31, stream, month)
    second, third, fourth = (bits(number, world.seed, j, stream, month) for j in (32, 33, 34))
    if kind is None:
        kind = draw_kinds(world, month, stream, number)
    kinds = world.calibration.kinds
    names = [k.name for k in kinds]

    def of_kind(values: list[int]) -> Integers:
        return np.array(values, dtype=np.int64)[kind]

    employee = chance(first, 16, of_kind([round(k.employee * 10_000) for k in kinds]))
    retired = chance(first, 32, of_kind([round(k.retired * 10_000) for k in kinds]))
    category = np.where(employee, np.where(retired, RETIRED, ACTIVE), RESIDENT).astype(np.int64)
    begin_month, end_month = month_span(month)
    day = begin_month + part(first, 48, 16) % (end_month - begin_month)
    rank = _ranks(world, category, second, day, of_kind([int(n in _MATERNITY) for n in names]) == 1)
    home = world.people.home_bits(category, rank)
    columns: Columns = {
        "month": np.full(len(number), month, dtype=np.int64),
        "stream": np.full(len(number), stream, dtype=np.int64),
        "number": number,
        "role": np.zeros(len(number), dtype=np.int64),
        "origin": np.full(len(number), -1, dtype=np.int64),
        "kind": kind,
        "category": category,
        "rank": rank,
        "birth": world.people.birth_days(category, rank),
        "sex": world.people.sex(home),
        "region": _insured_regions(world, category, rank, day, world.people.home_region(category, home)),
        "day": day,
        "second": 28_800 + part(third, 0, 16) % 36_000,
        "flag": np.zeros(len(number), dtype=np.int64),
        "interim": np.zeros(len(number), dtype=np.int64),
        "valid": np.ones(len(number), dtype=np.int64),
        "update_day": day.copy(),
        "class": np.full(len(number), codes.LIVE, dtype=np.int64),
        "defect": np.zeros(len(number), dtype=np.int64),
    }
    _add_person_type(world, columns, third)
    travel = add_place(world, columns, third, fourth, of_kind([int(n in _AT_PHARMACY) for n in names]) == 1)
    _add_care(world, columns, fourth, names)
    _add_dates(
        world,
        columns,
        travel,
        bits(number, world.seed, 35, stream, month),
        of_kind([int(n in _WITH_BED) for n in names]) == 1,
    )
    add_amounts(
        world, columns, bits(number, world.seed, 36, stream, month), bits(number, world.seed, 37, stream, month)
    )
    return columns


def _ranks(world: World, category: Integers, source: Bits, day: Integers, maternity: NDArray[np.bool_]) -> Integers:
    """Person of each row: whoever has a life event but a move behind them by then is passed over for a neighbour."""
    counts = np.array(world.people.counts, dtype=np.int64)[category]
    rank = (source % counts.astype(np.uint64)).astype(np.int64)
    where = np.flatnonzero(maternity)
    if len(where):
        rank[where] = _mothers(world, category[where], rank[where], counts[where], day[where])
    limit = np.array([EVENT_SLOTS[ACTIVE][1], EVENT_SLOTS[RETIRED][1], EVENT_SLOTS[RESIDENT][1]], dtype=np.int64)[
        category
    ]
    where = np.flatnonzero(rank % SLOTS < limit)
    if len(where):
        event = world.people.event_day(world.people.event_bits(category[where], rank[where]))
        passed = where[(day[where] >= event) & ~_moves(category[where], rank[where])]
        moved = rank[passed] + 64
        rank[passed] = np.where(moved < counts[passed], moved, moved - SLOTS)
    return rank


def _moves(category: Integers, rank: Integers) -> NDArray[np.bool_]:
    """Whether the life event of each person is a move to another prefecture."""
    slot = rank % SLOTS
    found = np.zeros(len(rank), dtype=np.bool_)
    for mover, (low, high) in MOVE_SLOTS.items():
        found |= (category == mover) & (slot >= low) & (slot < high)
    return found


def _insured_regions(world: World, category: Integers, rank: Integers, day: Integers, home: Integers) -> Integers:
    """Where each person is insured on the day: at home, after a move elsewhere."""
    region = home.copy()
    for mover in MOVE_SLOTS:
        where = np.flatnonzero((category == mover) & _moves(category, rank))
        event = world.people.event_day(world.people.event_bits(category[where], rank[where]))
        where = where[day[where] >= event]
        region[where] = moved_region(world, mover, rank[where], home[where])
    return region


def _mothers(world: World, category: Integers, rank: Integers, counts: Integers, day: Integers) -> Integers:
    """The first of up to 40 ranks from here on that is a woman of 18 to 45 years."""
    found = np.zeros(len(rank), dtype=np.bool_)
    chosen = rank.copy()
    for step in range(40):
        candidate = (rank + step * 65) % counts
        age = (day - world.people.birth_days(category, candidate)) // 365
        sex = world.people.sex(world.people.home_bits(category, candidate))
        fits = ~found & (sex == 2) & (age >= 18) & (age <= 45)
        chosen[fits] = candidate[fits]
        found |= fits
    return chosen


def _add_person_type(world: World, columns: Columns, source: Bits) -> None:
    """psn_type from category, employer and age; scheme code from category; few unknown and missing ones."""
    category, rank = columns["category"], columns["rank"]
    group = world.people.employer_group(world.people.employer(rank, columns["region"]))
    office, flexible = (group == GOVERNMENT).astype(np.int64), (group == FLEXIBLE).astype(np.int64) * 2
    age = (columns["day"] - columns["birth"]) // 365
    resident = 7 + np.searchsorted(np.array([6, 18, 22, 60]), age, side="right")
    person_type = np.where(category == RESIDENT, resident, (category == RETIRED) * 3 + office + flexible)
    veteran = (category == RETIRED) & (rank % 500 == 7)
    person_type[veteran] = codes.PERSON_TYPES.index("1300")
    odd = part(source, 16, 16)
    for low, high, code in ((0, 13, "99"), (13, 19, "34"), (19, 25, "77")):
        person_type[(odd >= low) & (odd < high)] = codes.PERSON_TYPES.index(code)
    insutype = np.where(category == RESIDENT, 1, 0).astype(np.int64)
    insutype[(odd >= 100) & (odd < 140)] = codes.INSUTYPES.index(codes.NULL)
    insutype[(odd >= 140) & (odd < 160)] = codes.INSUTYPES.index("399")
    columns["group"] = group.astype(np.int64)
    columns["person_type"] = person_type.astype(np.int64)
    columns["insutype"] = insutype


def _add_care(world: World, columns: Columns, source: Bits, names: list[str]) -> None:
    """Care type of each kind; a tenth of the employees' deliveries still under scheme 510."""
    care = np.zeros(len(source), dtype=np.int64)
    for position, name in enumerate(names):
        where = np.flatnonzero(columns["kind"] == position)
        if len(where):
            options = np.array([codes.CARE_TYPES.index(code) for code, _ in _CARE[name]], dtype=np.int64)
            care[where] = options[choose(source[where] ^ np.uint64(0x5BD1E995), 0, tuple(w for _, w in _CARE[name]))]
    columns["care"] = care
    # A person's diseases stay theirs; a few people have both, each visit then naming one of them.
    disease = (columns["rank"] // 7 + (columns["rank"] % 11 == 0) * columns["number"] % 2 * 2) % len(codes.DISEASES)
    columns["disease"] = np.where(codes.CHRONIC_CARE[care], disease, 0)
    delivery = codes.MATERNITY_STAY[care] & (columns["insutype"] == 0) & (columns["rank"] % 10 == 3)
    columns["insutype"][delivery] = codes.INSUTYPES.index("510")


def _add_dates(world: World, columns: Columns, distance: Integers, source: Bits, with_bed: NDArray[np.bool_]) -> None:
    """Discharge before settlement, admission before discharge; how the claim is cleared and grouped."""
    manual = columns["location"] == codes.MANUAL
    lag = np.where(
        manual, 10 + part(source, 0, 8) % 50, np.where(with_bed & (part(source, 8, 8) < 13), 1 + part(source, 16, 2), 0)
    )
    end = np.maximum(columns["day"] - lag, world.first_day)
    tables = world.calibration.parameters["inpatient"]
    mean = np.array([tables["employee"]["days"], tables["resident"]["days"]], dtype=np.int64)
    days = (
        mean[(columns["category"] == RESIDENT).astype(np.int64), columns["tier"]]
        * lognormal_table(60)[part(source, 20, 12)]
    )
    days = np.minimum((days // 100 + part(source, 32, 13)) // 10_000, 120)
    days = np.where(with_bed, days, 0)
    days[with_bed & (part(source, 45, 10) == 0)] = -1  # R7: end before begin, accepted with a warning
    columns["begin"] = end - days
    columns["end"] = end
    columns["settlement_type"] = np.where(manual, codes.BY_COUNTER, codes.ONLINE).astype(np.int64)
    reason = np.where(distance == 0, codes.ORDINARY_CLAIM, codes.CLAIM_ELSEWHERE)
    columns["reason"] = np.where(manual, reason, codes.NO_REASON).astype(np.int64)
    inpatient = columns["kind"] == kind_position(world, "inpatient")
    drawn = bits(part(source, 0, 62), world.seed, 38)
    paid = chance(drawn, 0, world.calibration.ratio("disease_payment")) & (distance < 2)
    outcome = np.where(paid, np.where(part(drawn, 16, 8) < 6, codes.GROUPED_AT_YEAR_END, codes.GROUPED), codes.NO_GROUP)
    failed = ~paid & (distance < 2) & (part(drawn, 24, 8) < 128)
    outcome = np.where(failed, np.where(part(drawn, 32, 8) < 40, codes.UNGROUPED_AT_YEAR_END, codes.UNGROUPED), outcome)
    grouped = inpatient & (columns["care"] != codes.PER_DIEM_CARE)
    columns["grouping"] = np.where(grouped, outcome, codes.NO_GROUP).astype(np.int64)
    by_score = world.geography.prefecture_of[columns["region"]] % 2 == 1
    clearing = np.where(
        codes.PAID_BY_DISEASE[columns["grouping"]], np.where(by_score, codes.BY_DIP, codes.BY_DRG), codes.BY_ITEM
    )
    columns["clearing"] = np.where(columns["care"] == codes.PER_DIEM_CARE, codes.PER_DIEM, clearing).astype(np.int64)
