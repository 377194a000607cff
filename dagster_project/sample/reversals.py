"""The nine reversal kinds of the data dictionary (section 4), as stories.

Belongs here: what is delivered when, with which flag and link, and what each row is in the end. Partial return, the
ninth, is a live row with a negative line (`stories.py`, `fee_lines.py`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dagster_project.sample import codes
from dagster_project.sample.calendar import add_months
from dagster_project.sample.hashing import Integers
from dagster_project.sample.story_rows import (
    changed,
    day_in,
    delivered,
    flagged_later,
    later_day,
    mirror,
    next_month,
    without_counting,
)
from dagster_project.sample.visits import Columns
from dagster_project.sample.world import World


def same_month(world: World, month: int, rows: Columns) -> list[Columns]:
    """Settled and reversed in one month; the extract already shows the flag on both."""
    day = later_day(rows, month, 9)
    original = changed(without_counting(rows, codes.REVERSED), flag=1, update_day=day)
    return [original, mirror(rows, 1, day)]


def cross_month(world: World, month: int, rows: Columns) -> list[Columns]:
    """Reversed in a later month of the same year; the original's flag moves in the late batch."""
    later = add_months(month, 2) if month % 100 <= 10 and month % 2 else add_months(month, 1)
    day = day_in(later, rows)
    return [*flagged_later(rows, later, day), delivered(mirror(rows, 1, day), later)]


def cross_year(world: World, month: int, rows: Columns) -> list[Columns]:
    """Settled in December, reversed in January."""
    later = add_months(month, 1)
    day = day_in(later, rows)
    return [*flagged_later(rows, later, day), delivered(mirror(rows, 1, day), later)]


def unflagged_original(world: World, month: int, rows: Columns) -> list[Columns]:
    """The practice that flags the reversing row only: the link alone tells; half of them in the next month."""
    later = next_month(world, month) if month % 100 != 12 else month
    here = rows["number"] % 2 == 0
    day = np.where(
        here, later_day(rows, month, 5), day_in(later, rows) if later != month else later_day(rows, month, 5)
    )
    reversing = mirror(rows, 1, day)
    reversing = changed(reversing, delivery=np.where(here, month, later) * 10)
    return [without_counting(rows, codes.REVERSED), reversing]


def mirror_without_original(world: World, month: int, rows: Columns) -> list[Columns]:
    """Only the reversing row is there: its original was never delivered."""
    return [mirror(rows, 1, rows["day"])]


def flagged_without_mirror(world: World, month: int, rows: Columns) -> list[Columns]:
    """The original is flagged, its reversing row never came (R1)."""
    return [changed(without_counting(rows, codes.FLAGGED_ALONE), flag=1)]


def reversal_of_reversal(world: World, month: int, rows: Columns) -> list[Columns]:
    """Reversed by mistake and restored: an even chain counts (R31), although the original stays flagged (L6)."""
    second, third = later_day(rows, month, 4), later_day(rows, month, 8)
    reversing = mirror(rows, 1, second)
    restoring = mirror(reversing, 2, third, codes.RESTORING)
    return [changed(rows, flag=1, update_day=third), reversing, restoring]


def redo_after_reversal(world: World, month: int, rows: Columns) -> list[Columns]:
    """Reversed and settled again under the same encounter: one visit, the third row's money."""
    day = later_day(rows, month, 3)
    original = changed(without_counting(rows, codes.REVERSED), flag=1, update_day=day)
    return [original, mirror(rows, 1, day), _again(rows, day)]


def redo_stay(world: World, month: int, rows: Columns) -> list[Columns]:
    """A stay reversed and settled again in the next month: it moves there."""
    later = add_months(month, 1)
    day = day_in(later, rows)
    parts = flagged_later(rows, later, day)
    return [*parts, delivered(mirror(rows, 1, day), later), delivered(_again(rows, day), later)]


def lost_stay(world: World, month: int, rows: Columns) -> list[Columns]:
    """A stay reversed for good: no live settlement, no stay."""
    return same_month(world, month, rows)


def _again(rows: Columns, day: Integers) -> Columns:
    """The new settlement: ten yuan more within the scope and in cash, so that confusion with the first shows."""
    more = {key: rows[key] + 1_000 for key in ("fee", "scope", "personal", "cash", "stay_fee")}
    return changed(rows | more, role=2, day=day, update_day=day)


REVERSALS: dict[str, Callable[[World, int, Columns], list[Columns]]] = {
    "same_month": same_month,
    "cross_month": cross_month,
    "cross_year": cross_year,
    "unflagged_original": unflagged_original,
    "mirror_without_original": mirror_without_original,
    "flagged_without_mirror": flagged_without_mirror,
    "reversal_of_reversal": reversal_of_reversal,
    "redo_after_reversal": redo_after_reversal,
    "redo_stay": redo_stay,
    "lost_stay": lost_stay,
}
