"""The comparison that the routes to the same numbers rest on: it must see what differs.

Belongs here: that comparing the truth with found numbers is strict. Does not belong here: the numbers.
"""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

from tests.truth import FRAME
from tests.warehouse_api import compare

Parts = tuple[int | None, int | None, float | None]


def frame(*rows: Parts) -> pl.DataFrame:
    """Rows of one indicator, a region each."""
    cells = [
        ("rate", 2025, f"52{number:02d}00", *(None if part is None else Decimal(part) for part in row[:2]), row[2])
        for number, row in enumerate(rows)
    ]
    return pl.DataFrame(cells, schema=FRAME, orient="row")


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ((0, None, 0.0), (None, None, None)),
        ((None, None, None), (0, None, 0.0)),
        ((0, 0, None), (None, None, None)),
        ((3, None, 3.0), (3, 0, 3.0)),
        ((3, 4, 75.0), (3, None, 75.0)),
        ((3, 4, 75.0), (3, 4, None)),
        ((3, 4, 75.0), (3, 4, 0.75)),
        ((1, 3, 33.333333333333336), (1, 3, 33.3333333)),
        ((0, 0, None), (0, 0, 0.0)),
    ],
)
def test_what_differs_is_seen(expected: Parts, found: Parts) -> None:
    assert len(compare(frame(expected), frame(found))) == 1


def test_a_missing_row_is_not_0() -> None:
    assert len(compare(frame((3, None, 3.0), (0, None, 0.0)), frame((3, None, 3.0)))) == 1


def test_the_last_digits_of_a_division_may_differ() -> None:
    rows = ((0, None, 0.0), (1, 3, 33.333333333333336), (0, 0, None), (None, None, None))
    assert compare(frame(*rows), frame(rows[0], (1, 3, 33.33333333333333), *rows[2:])) == []
