"""Primary suppression: a small count, and everything computed on it, is marked and loses its value.

Belongs here: pure polars functions, the same result for the same cells whatever their order. Does not belong here:
secondary suppression (cells derivable from margins), which is a later step over whole linked sets of tables.

A suppressed cell has status 'suppressed' and null in value, numerator and denominator: never 0, which is a figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from dagster_project.disclosure.parameters import Parameters

SUPPRESSED = "suppressed"
SMALL_CELL = "small_cell"
KEY_OF_A_COMPARISON = ("indicator_id", "region_code", "year")


def _is_small(column: str, min_cell: int) -> pl.Expr:
    """True for 1 to min_cell - 1; null and 0 are not small."""
    count = pl.col(column)
    return ((count > 0) & (count < min_cell)).fill_null(False)


def suppress_indicators(frame: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """`indicator_value` after primary suppression: same columns, rows and order.

    `frame` has numerator, denominator, value, unit, status, support_count and, optionally, reason. Suppressed are rows whose
    `support_count` (the smallest number of units behind numerator or denominator) is small, and rows in a unit of persons
    or visits whose numerator is small. `support_count` is null for ledgers, which are left alone; it is set to null where it
    is small, because it is the count that was withheld.
    """
    base_unit = pl.col("unit").str.strip_chars_start("万亿千百")
    is_count = base_unit.is_in(list(parameters.person_units)).fill_null(False)
    small = _is_small("support_count", parameters.min_cell) | (is_count & _is_small("numerator", parameters.min_cell))
    withheld = [pl.when(small).then(None).otherwise(pl.col(name)).alias(name) for name in _values(frame)]
    status = pl.when(small).then(pl.lit(SUPPRESSED)).otherwise(pl.col("status")).alias("status")
    changes = [*withheld, status]
    if "reason" in frame.columns:
        changes.append(pl.when(small).then(pl.lit(SMALL_CELL)).otherwise(pl.col("reason")).alias("reason"))
    return frame.with_columns(changes)


def _values(frame: pl.DataFrame) -> list[str]:
    return [name for name in ("value", "numerator", "denominator", "support_count") if name in frame.columns]


def suppress_comparisons(
    comparisons: pl.DataFrame,
    suppressed: pl.DataFrame,
    columns: Sequence[str] = ("previous_value", "change", "growth_percent"),
) -> pl.DataFrame:
    """Year-on-year rows without what would give a suppressed figure away.

    `suppressed` lists (indicator_id, region_code, year) of withheld figures. A comparison loses all its values when its own
    figure is withheld, and previous value, change and growth when the prior year's is: value − change is the prior value.
    """
    key = list(KEY_OF_A_COMPARISON)
    own = suppressed.select(key).unique().with_columns(_own=pl.lit(True))
    prior = own.select("indicator_id", "region_code", pl.col("year") + 1, _prior=pl.lit(True))
    marked = comparisons.join(own, on=key, how="left", maintain_order="left")
    marked = marked.join(prior, on=key, how="left", maintain_order="left")
    hide_own = pl.col("_own").fill_null(False)
    hide = hide_own | pl.col("_prior").fill_null(False)
    changes = [
        pl.when(hide).then(None).otherwise(pl.col(name)).alias(name) for name in columns if name in comparisons.columns
    ]
    if "value" in comparisons.columns:
        changes.append(pl.when(hide_own).then(None).otherwise(pl.col("value")).alias("value"))
    return marked.with_columns(changes).select(comparisons.columns)


def suppress_cells(
    frame: pl.DataFrame, measures: Mapping[str, Sequence[str]], parameters: Parameters, marker: str = "is_suppressed"
) -> pl.DataFrame:
    """An aggregated frame (a cube at its published grain) after primary suppression.

    `measures` maps each count column to the columns computed on the same units; where the count is small, it and they become
    null. `marker` is a boolean column added at the end: true where anything was withheld in the row.
    """
    withheld: dict[str, pl.Expr] = {}
    any_small = pl.lit(False)
    for count, dependants in measures.items():
        small = _is_small(count, parameters.min_cell)
        any_small = any_small | small
        for name in (count, *dependants):
            withheld[name] = (withheld[name] | small) if name in withheld else small
    changes = [pl.when(rule).then(None).otherwise(pl.col(name)).alias(name) for name, rule in withheld.items()]
    return frame.with_columns(*changes, any_small.alias(marker))


def decisions(before: pl.DataFrame, after: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """One row a suppressed indicator cell: its key columns, the rule and the parameter; no counts.

    `before` and `after` are the input and output of `suppress_indicators`, row by row.
    """
    values = {"value", "numerator", "denominator", "support_count", "status", "reason", "unit", "vintage"}
    keys = [name for name in before.columns if name not in values]
    newly = (after["status"] == SUPPRESSED) & (before["status"] != SUPPRESSED).fill_null(True)
    return after.filter(newly).select(
        *keys, pl.lit(SMALL_CELL).alias("rule"), pl.lit(parameters.min_cell, dtype=pl.Int64).alias("min_cell")
    )
