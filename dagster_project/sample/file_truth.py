"""One person, one file: what the lives themselves say of numbers, spells, gaps and years of cover.

Belongs here: counts of natural persons as of the last 31 December, however many numbers and spells they were delivered
under. Does not belong here: who counts as insured on a day (`enrolment_truth.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dagster_project.sample.calendar import day_number, years_of_days
from dagster_project.sample.cells import Cells
from dagster_project.sample.hashing import Integers
from dagster_project.sample.lives import ATTACHED, EMPLOYEE, Lives, Spell
from dagster_project.sample.payments import Payments
from dagster_project.sample.world import World

_FIELDS = (
    "continuous_years", "lapsed_years", "open_spell_count", "number_count", "spell_count", "is_dead", "gap_count",
)  # fmt: skip
_FIRST_YEAR = 2000


def new_cells() -> Cells:
    """Accumulator of files: years of cover in a row and missed before, open spells, numbers, spells, dead, gaps."""
    return Cells((100, 100, 8, 8, 8, 2, 8), ("persons", "gap_days"))


def count_files(world: World, lives: Lives, paid: list[tuple[Payments, Payments]], cells: Cells) -> None:
    """Add the people of a chunk; `paid` holds both spells' payments by year."""
    last = world.years[-1]
    date = day_number(last, 12, 31)
    here = [_is_delivered(spell, last) for spell in lives.spells]
    covered = np.zeros((len(lives.rank), last - _FIRST_YEAR + 1), dtype=np.bool_)
    is_open = np.zeros(len(lives.rank), dtype=np.int64)
    for position, (spell, exists) in enumerate(zip(lives.spells, here, strict=True)):
        is_open += exists & (spell["from"] <= date) & ((spell["to"] == 0) | (spell["to"] >= date))
        _register_years(world, spell, exists, covered)
        for year, both in zip(world.all_years, paid, strict=True):
            rows = both[position]
            good = (rows.flag == 1) & (rows.kind == 10) & (rows.offset == 0) & (rows.day <= date)
            covered[rows.who[good & exists[rows.who]], year - _FIRST_YEAR] = True
    first, second = lives.spells
    both_here = here[0] & here[1]
    ends = np.where(first["from"] <= second["from"], first["to"], second["to"])
    gap = np.where(both_here & (ends > 0), np.maximum(first["from"], second["from"]) - ends - 1, 0)
    gap = np.maximum(gap, 0)
    continuous, lapsed = _runs(covered)
    numbers = 1 + (both_here & (second["registration"] == 1)).astype(np.int64)
    spells = here[0].astype(np.int64) + here[1]
    dead = (lives.death > 0).astype(np.int64)
    key = (continuous, lapsed, is_open, numbers, spells, dead, (gap > 0).astype(np.int64))
    cells.add(key, (np.ones(len(gap), dtype=np.int64), gap), spells > 0)


def _is_delivered(spell: Spell, last: int) -> NDArray[np.bool_]:
    """A spell of a scheme that counts, begun by the last delivery."""
    delivered: NDArray[np.bool_] = (spell["exists"] == 1) & (spell["scheme"] < ATTACHED) & (spell["known_from"] <= last)
    return delivered


def _register_years(world: World, spell: Spell, exists: NDArray[np.bool_], covered: NDArray[np.bool_]) -> None:
    """Years that the register alone speaks for: before the first contributions, and all of a retired employee's."""
    retired = (spell["scheme"] == EMPLOYEE) & ((spell["retired"] == 1) | (spell["retired"] == 2))
    begin = years_of_days(spell["from"])
    end = np.where(spell["to"] == 0, 9999, years_of_days(spell["to"]))
    for column in range(covered.shape[1]):
        year = _FIRST_YEAR + column
        told = retired if year >= world.base_year else np.ones(len(begin), dtype=np.bool_)
        covered[:, column] |= exists & told & (begin <= year) & (end >= year)


def _runs(covered: NDArray[np.bool_]) -> tuple[Integers, Integers]:
    """Covered years in a row up to the last one, and the years without cover before them since the cover before."""
    rows, years = covered.shape
    continuous = np.zeros(rows, dtype=np.int64)
    lapsed = np.zeros(rows, dtype=np.int64)
    running = np.ones(rows, dtype=np.bool_)
    waiting = np.ones(rows, dtype=np.bool_)
    for column in range(years - 1, -1, -1):
        here = covered[:, column]
        continuous += running & here
        running &= here
        waiting &= running | ~here
        lapsed += waiting & ~running
    return continuous, np.where(waiting, 0, lapsed)


def as_json(cells: Cells) -> list[dict[str, Any]]:
    """The section with its labels."""
    return [dict(zip(_FIELDS, key, strict=True)) | sums for key, sums in cells.rows()]
