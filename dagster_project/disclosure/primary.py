"""Primary suppression: a small count, and everything computed on it, is marked and loses its value.

Belongs here: pure polars functions, the same result for the same cells whatever their order. Does not belong here:
what else must be withheld so that nobody computes a small count (`complementary.py`).

A suppressed cell has status 'suppressed' and null in value, numerator and denominator: never 0, which is a figure. Its
reason does not tell whether it is small itself: that would narrow down what it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from dagster_project.disclosure.parameters import Parameters

SUPPRESSED = "suppressed"
SMALL_CELL = "small_cell"
COMPLEMENTARY = "complementary"
REASON = "单元过小，或可由它推算出过小的单元 / a small cell, or one that would give a small cell away"
KEY_OF_A_COMPARISON = ("indicator_id", "region_code", "year")
_VALUES = ("value", "numerator", "denominator", "support_count")


def _is_small(column: str, min_cell: int) -> pl.Expr:
    """True for 1 to min_cell - 1, above or below zero (reversals as booked); null and 0 are not small."""
    count = pl.col(column).abs()
    return ((count > 0) & (count < min_cell)).fill_null(False)


def _nets_to_nothing() -> pl.Expr:
    """True for an amount over units that cancel out: it is the difference of what a few of them cost."""
    # A numerator of 0 is nobody, whatever it is divided by.
    return ((pl.col("support_count") == 0) & (pl.col("numerator") != 0)).fill_null(False)


def suppress_indicators(frame: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """`indicator_value` after primary suppression: same columns, rows and order.

    `frame` has numerator, denominator, value, unit, status, support_count and, optionally, reason. Suppressed are rows whose
    `support_count` (the smallest number of units behind numerator or denominator) is small, and rows in a unit of persons
    or visits whose numerator is small and above zero. `support_count` is null for ledgers, which are left alone; it is set to null where it
    is small, because it is the count that was withheld.
    """
    base_unit = pl.col("unit").str.strip_chars_start("万亿千百")
    is_count = base_unit.is_in(list(parameters.person_units)).fill_null(False)
    # Below zero a figure in persons is a change between two stocks, each of which stands on its own units; what counts as booked is
    # told by its units, which `support_count` has whatever their sign.
    few = pl.col("numerator").is_between(1, parameters.min_cell - 1).fill_null(False)
    small = _is_small("support_count", parameters.min_cell) | (is_count & few) | _nets_to_nothing()
    return withhold(frame, frame.select(small.alias("small"))["small"])


def withhold(frame: pl.DataFrame, hidden: pl.Series) -> pl.DataFrame:
    """Indicator values without the rows marked in `hidden`: they stay as rows that say so."""
    texts = {"status": SUPPRESSED, "reason": REASON}
    return frame.with_columns(
        *(pl.when(hidden).then(None).otherwise(pl.col(name)).alias(name) for name in _VALUES if name in frame.columns),
        *(
            pl.when(hidden).then(pl.lit(text)).otherwise(pl.col(name)).alias(name)
            for name, text in texts.items()
            if name in frame.columns
        ),
    )


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
