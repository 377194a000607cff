"""The change of each number between two vintages as parts, one a cause, which add up to it (L85).

Belongs here: the order of the causes, parts from the levels of a number after each step, whether the first and the last step are
the two vintages. Does not belong here: computing the steps (`causes/`), wording (`cause_lines.py`), files (`cause_book.py`).

A level is the number after a step, as the shortest decimal that is it; a part is the difference of two levels. So the parts add up
to the change to the last digit, whatever they are parts of: a ratio has levels like any other number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Any

import polars as pl

from dagster_project.disclosure import SUPPRESSED
from dagster_project.explain.vintages import KEY, Difference
from dagster_project.language import Text

OLD, TAKEN_OUT, LATE, CORRECTED, REVERSALS, DEFINITIONS = range(6)
CAUSES = {
    TAKEN_OUT: "taken_out",
    LATE: "late",
    CORRECTED: "corrected",
    REVERSALS: "reversal",
    DEFINITIONS: "definitions",
}
MEASURES = ("value", "numerator", "denominator")
# Enough for the difference of any two doubles to be exact.
_DIGITS = 800
# Why a number has no parts.
WITHHELD, NO_NUMBER = "withheld", "no_number"


@dataclass(frozen=True)
class Waterfall:
    """A difference split by cause; `rows` are those of its changes, in their order.

    A row has `<measure>_change` and `<measure>_<cause>` of every measure as exact decimals, null where there is no number to split;
    `note` says why its value has no parts ('' where it has); `levels` are the values after each of `steps`. Where `reason` is given,
    nothing is split and that is why.
    """

    steps: tuple[int, ...] = ()
    rows: tuple[Mapping[str, Any], ...] = ()
    reason: Text | None = None
    seconds: dict[int, float] = field(default_factory=dict)


def split_changes(difference: Difference, levels: Mapping[int, pl.DataFrame]) -> tuple[Mapping[str, Any], ...]:
    """A row of parts for each change of a difference; `levels` are the values of its numbers after each step, by step."""
    after = {step: _by_key(frame) for step, frame in levels.items()}
    with localcontext(prec=_DIGITS):
        return tuple(_split(row, after) for row in difference.changes.iter_rows(named=True))


def _by_key(frame: pl.DataFrame) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {tuple(row[name] for name in KEY): row for row in frame.iter_rows(named=True)}


def _split(row: Mapping[str, Any], after: Mapping[int, Mapping[tuple[Any, ...], Mapping[str, Any]]]) -> dict[str, Any]:
    key = tuple(row[name] for name in KEY)
    withheld = SUPPRESSED in (row["status"], row["status_new"])
    told: dict[str, Any] = {"note": WITHHELD if withheld else ""}
    for measure in MEASURES:
        found = [known.get(measure) if (known := after[step].get(key)) else None for step in sorted(after)]
        levels = [None if value is None or withheld else Decimal(str(value)) for value in found]
        if measure == "value":
            told["levels"] = levels
            told["note"] = told["note"] or (NO_NUMBER if None in levels else "")
        told |= _parts(measure, levels, sorted(after))
    return told


def _parts(measure: str, levels: Sequence[Decimal | None], steps: Sequence[int]) -> dict[str, Decimal | None]:
    names = [f"{measure}_{name}" for name in ("change", *CAUSES.values())]
    exact = [level for level in levels if level is not None]
    if len(exact) < len(levels):
        return dict.fromkeys(names)
    parts: dict[str, Decimal | None] = dict.fromkeys(names, Decimal(0))
    for place, step in enumerate(steps[1:], 1):
        parts[f"{measure}_{CAUSES[step]}"] = exact[place] - exact[place - 1]
    return parts | {names[0]: exact[-1] - exact[0]}


def disagreement(vintage: pl.DataFrame, state: pl.DataFrame) -> pl.DataFrame:
    """Numbers of a vintage that a computed state has otherwise, or not at all; both as `vintages.comparable`.

    What disclosure control withheld is not compared: it is no number of the vintage.
    """
    numbers = vintage.filter(pl.col("status") != SUPPRESSED)
    both = numbers.join(state, on=KEY, how="left", suffix="_new", nulls_equal=True)
    compared = [*MEASURES, "kind", "definition_id"]
    return both.filter(pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_new")) for name in compared))


def surplus(difference: Difference, state: pl.DataFrame, is_new: bool) -> pl.DataFrame:
    """Numbers that only the other vintage has and a computed state has nevertheless."""
    lacking = difference.changes.filter(pl.col("status_new" if is_new else "status").is_null())
    return lacking.join(state, on=KEY, how="semi", nulls_equal=True)
