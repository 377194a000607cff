"""The same year under two declared definitions: which figures differ, by how much, and which choice moves them.

Belongs here: comparing values that somebody else has computed, and finding the choices that move them. Does not belong here:
computing (`indicator_trial.py`), wording (`choice_lines.py`), the workbook (`choice_book.py`).

A figure can only be moved by a choice that its indicator lists. Where one alone of those in which the two definitions differ is
listed, it moves the figure; where several are, each is tried alone on top of the first definitions. What they do alone need not
add up to what they do together; the rest is named `together`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from dagster_project.dictionary.indicators import Indicator
from dagster_project.dictionary.variants import Differing
from dagster_project.explain.vintages import KEY

TOGETHER = "together"
VALUES = ["value", "numerator", "denominator", "status"]


@dataclass(frozen=True)
class Comparison:
    """One year under two definitions.

    `figures` has one row a figure of either: KEY, unit, breakdown, the columns of VALUES and those with `_new`, `difference` (of
    values, in the unit), `moved_by` (choices with what each does alone, null where one choice does all of it). `waiting` are the
    indicators that a choice of facts may move besides, with those choices.
    """

    year: int
    province: str
    old: str
    new: str
    choices: list[Differing]
    of_facts: list[Differing]
    figures: pl.DataFrame
    waiting: dict[str, list[str]]
    region_names: dict[str, str]

    @property
    def changed(self) -> pl.DataFrame:
        """Figures that differ."""
        return self.figures.filter(is_different())

    def wholes(self) -> pl.DataFrame:
        """The province's annual wholes, one an indicator."""
        whole = (pl.col("breakdown") == "total") & (pl.col("period_kind") == "year")
        return self.figures.filter(whole & (pl.col("region_code") == self.province))


def is_different() -> pl.Expr:
    """Whether a figure differs in value, in what it is divided from, or in whether it can be told at all."""
    return pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_new")) for name in VALUES)


def compared(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Two states of `indicator_value` of one year beside each other, with the difference of their values."""
    columns = [*KEY, "breakdown", "unit", *VALUES]
    joined = before.select(columns).join(
        after.select(columns),
        on=[*KEY, "breakdown", "unit"],
        how="full",
        suffix="_new",
        coalesce=True,
        nulls_equal=True,
    )
    return joined.with_columns(difference=pl.col("value_new") - pl.col("value"))


def listed(
    figures: pl.DataFrame, indicators: dict[str, Indicator], choices: Sequence[Differing]
) -> dict[str, list[str]]:
    """The differing choices that each indicator of these figures lists, in the order of `choices`."""
    names = figures["indicator_id"].unique().to_list()
    return {
        name: [one.switch for one in choices if one.switch in indicators[name].switches]
        for name in sorted(names)
        if name in indicators
    }


def with_movers(
    figures: pl.DataFrame,
    indicators: dict[str, Indicator],
    choices: Sequence[Differing],
    alone: Callable[[str], pl.DataFrame],
) -> pl.DataFrame:
    """`figures` with `moved_by`: one text a figure that differs, `choice` or `choice=+1.5; …; together=-0.2`.

    `alone(choice)` gives the values under the first definitions with this one choice of the second; it is asked only where an
    indicator that moved lists several.
    """
    every = [one.switch for one in choices]
    # A part may move where the whole does not, by a choice that only says which part a case belongs to.
    movers = {
        name: switches or every
        for name, switches in listed(figures.filter(is_different()), indicators, choices).items()
    }
    several = {name: switches for name, switches in movers.items() if len(switches) > 1}
    wanted = [one.switch for one in choices if any(one.switch in switches for switches in several.values())]
    result = figures
    for switch in wanted:
        values = alone(switch).select(*KEY, pl.col("value").alias(_column(switch)))
        result = result.join(values, on=KEY, how="left", nulls_equal=True)
    single = {name: switches[0] for name, switches in movers.items() if len(switches) == 1}
    texts = [
        single.get(row["indicator_id"]) or _together(row, several.get(row["indicator_id"], ()))
        if row["is_different"]
        else None
        for row in result.with_columns(is_different=is_different()).iter_rows(named=True)
    ]
    return result.drop([_column(switch) for switch in wanted]).with_columns(moved_by=pl.Series(texts, dtype=pl.String))


def _together(row: dict[str, Any], switches: Collection[str]) -> str:
    """What each choice does alone, those that do nothing left out, and what is left of the difference."""
    whole, before = row["difference"], row["value"]
    effects: dict[str, float | None] = {}
    for switch in switches:
        value = row[_column(switch)]
        if isinstance(value, float) and isinstance(before, float):
            effects[switch] = value - before
        elif (value is None) != (before is None):
            effects[switch] = None
    moving = {switch: effect for switch, effect in effects.items() if effect is None or effect != 0}
    if len(moving) == 1 and (whole is None or next(iter(moving.values())) in (None, whole)):
        return next(iter(moving))
    parts = [switch if effect is None else f"{switch}={effect:+.10g}" for switch, effect in moving.items()]
    if isinstance(whole, float):
        rest = whole - sum(effect for effect in moving.values() if effect is not None)
        if abs(rest) > 1e-9 * max(abs(whole), 1.0) or not parts:
            parts.append(f"{TOGETHER}={rest:+.10g}")
    return "; ".join(parts) or ", ".join(switches)


def _column(switch: str) -> str:
    return f"alone_{switch}"
