"""Days as integers since 1970-01-01, and months as yyyymm.

Belongs here: conversions between the two, vectorised and scalar. Does not belong here: which events happen when.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from dagster_project.sample.hashing import Integers

_EPOCH = date(1970, 1, 1)


def day_number(year: int, month: int = 1, day: int = 1) -> int:
    """Days from 1970-01-01 to the date."""
    return (date(year, month, day) - _EPOCH).days


def as_date(number: int) -> date:
    """The date of a day number."""
    return _EPOCH + timedelta(days=int(number))


def month_span(month: int) -> tuple[int, int]:
    """First day of the month (yyyymm) and first day of the next, as day numbers."""
    year, number = divmod(month, 100)
    following = (year + 1, 1) if number == 12 else (year, number + 1)
    return day_number(year, number), day_number(*following)


def add_months(month: int, count: int) -> int:
    """yyyymm moved by a number of months."""
    position = (month // 100) * 12 + month % 100 - 1 + count
    return position // 12 * 100 + position % 12 + 1


def months_of_days(days: NDArray[np.integer]) -> Integers:
    """yyyymm of each day number."""
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    result: Integers = (months // 12 + 1970) * 100 + months % 12 + 1
    return result


def years_of_days(days: NDArray[np.integer]) -> Integers:
    """Year of each day number."""
    result: Integers = days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    return result
