"""Cells of a sheet that shows a served cube after disclosure control.

Belongs here: one row's count or amount as it is printed. Does not belong here: which rows a sheet has.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from dagster_project.bulletin.annex import Cell
from dagster_project.bulletin.figures import SUPPRESSED_MARK
from dagster_project.disclosure import MARKER

Row = Mapping[str, Any] | None


def count_cell(row: Row, column: str) -> Cell:
    """A count; 0 where the cube has no such row, the mark where it is withheld."""
    if row is None:
        return Decimal(0)
    return SUPPRESSED_MARK if row[MARKER] else Decimal(int(row[column]))


def money_cell(row: Row, column: str) -> Cell:
    """An amount in 10,000 yuan, two decimals."""
    if row is None:
        return Decimal(0)
    return SUPPRESSED_MARK if row[MARKER] else rounded(Decimal(row[column]) / 10_000, "0.01")


def rounded(value: Decimal, to: str) -> Decimal:
    """Half up, as printed figures are."""
    return value.quantize(Decimal(to), ROUND_HALF_UP)
