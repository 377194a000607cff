"""Encounters with more than one settlement row, or with one row delivered more than once.

Belongs here: which stories exist, how many a month, and drawing their first rows in one go. What happens to them stands
in `reversals.py` and `supplements.py`. A story is a pure function of (world, anchor month), so a later delivery makes
it again instead of remembering it.

Columns beside those of a drawn row: `delivery` (yyyymm × 10, plus 1 for the late batch of a half-year), `repeat` (1 for a
row that was delivered before in another version), `stay` (1 on the discharge row of a stay), `stay_begin`, `stay_fee`,
`stay_fund`, `stay_pool`, `stay_assistance` (of all live rows of the stay), `aid_first` (1 where an assistance encounter
counts), `returned` (1 where a charge line is taken back).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from dagster_project.sample import codes
from dagster_project.sample.calendar import add_months
from dagster_project.sample.defects import plant
from dagster_project.sample.places import kind_position
from dagster_project.sample.reversals import REVERSALS
from dagster_project.sample.story_rows import late_delivery, stack, with_defaults
from dagster_project.sample.supplements import SUPPLEMENTS
from dagster_project.sample.visits import Columns, draw
from dagster_project.sample.world import World

_OUTPATIENT_KINDS = ("outpatient", "chronic", "pharmacy", "outpatient")
_STAY_STORIES = frozenset({"redo_stay", "lost_stay", "interim", "late_manual"})
_MIXED_STORIES = frozenset(
    {"supplementary_assistance", "supplementary_second", "flagged_without_mirror", "cross_month"}
)
_CACHED_ROWS = 20_000
_SEPARATE = ("broken", "invalid", "stale_version", "duplicate", "partial_return")
STORIES: dict[str, Callable[[World, int, Columns], list[Columns]]] = {**REVERSALS, **SUPPLEMENTS}
NAMES = (*STORIES, *_SEPARATE)


def broken_rows(world: World, month: int) -> int:
    """Planted broken rows of a month: far below the refusal threshold of 1 % of rows."""
    rows = world.rows_of_month(month)
    return min(max(19, world.story_count("broken", month)), rows // 250)


def count(world: World, name: str, month: int) -> int:
    """Events of one story kind with this anchor month."""
    number = month % 100
    following_year = add_months(month, 1) in world.months
    if name == "cross_year":
        return world.story_count(name, month) if number == 12 and following_year else 0
    if name in ("cross_month", "redo_stay") and number == 12:
        return 0
    if name == "partial_return":
        return world.story_count(name, month) if world.has_lines(month) else 0
    if name == "broken":
        return broken_rows(world, month)
    return world.story_count(name, month)


def is_text_month(world: World, month: int) -> bool:
    """Months whose settlements are delivered as text files: May of the middle year, February of the last."""
    return month in (world.years[len(world.years) // 2] * 100 + 5, world.years[-1] * 100 + 2)


def story_rows(world: World, month: int) -> Columns:
    """All rows of the stories anchored in a month, whenever they are delivered; kept for reuse while they are few."""
    if sum(count(world, name, month) for name in NAMES) > _CACHED_ROWS:
        return _make(world, month)
    return _make_cached(world, month)


def _make(world: World, month: int) -> Columns:
    counts = [count(world, name, month) for name in NAMES]
    story = np.repeat(np.arange(len(NAMES), dtype=np.int64), counts)
    number = np.concatenate([np.arange(c, dtype=np.int64) for c in counts])
    positions = np.array([kind_position(world, name) for name in _OUTPATIENT_KINDS], dtype=np.int64)
    kind = positions[number % 4]
    stay = kind_position(world, "inpatient")
    for at, name in enumerate(NAMES):
        if name in _STAY_STORIES:
            kind[story == at] = stay
        elif name in _MIXED_STORIES:
            kind[(story == at) & (number % 3 == 0)] = stay
    # Streams 1 … separate the numbers of the stories; the draw itself is one call for all of them.
    base = draw(world, month, 99, story * 10_000_000 + number, kind)
    base["number"] = number
    base["stream"] = story + 1
    parts: list[Columns] = []
    start = 0
    for at, name in enumerate(NAMES):
        rows = with_defaults(world, {key: values[start : start + counts[at]] for key, values in base.items()})
        start += counts[at]
        if counts[at] == 0:
            continue
        if name in STORIES:
            parts += STORIES[name](world, month, rows)
        else:
            parts += _simple(world, month, name, rows)
    return stack(parts)


@lru_cache(maxsize=16)
def _make_cached(world: World, month: int) -> Columns:
    return _make(world, month)


def _simple(world: World, month: int, name: str, rows: Columns) -> list[Columns]:
    """Stories of one settlement: broken, invalid, delivered again, or with a line taken back."""
    size = len(rows["month"])
    if name == "partial_return":
        return [rows | {"returned": np.ones(size, dtype=np.int64)}]
    nowhere = {
        "class": np.full(size, codes.NOWHERE, dtype=np.int64),
        "stay": rows["stay"] * 0,
        "aid_first": rows["aid_first"] * 0,
    }
    if name == "broken":
        return [plant(world, rows | nowhere, is_text_month(world, month))]
    if name == "invalid":
        return [rows | nowhere | {"valid": rows["valid"] * 0, "class": np.full(size, codes.INVALID, dtype=np.int64)}]
    late = {"delivery": np.full(size, late_delivery(month), dtype=np.int64), "repeat": np.ones(size, dtype=np.int64)}
    if name == "duplicate":
        return [rows, rows | nowhere | late]
    # An older version that arrives after the newer one, with another fee: it must lose.
    newer = rows | {"update_day": rows["day"] + 3}
    older = {key: rows[key] + 1_000 for key in ("fee", "scope", "personal", "cash")}
    return [newer, rows | nowhere | late | older]
