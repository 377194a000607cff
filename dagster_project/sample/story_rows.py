"""Tools of the stories: copies of rows with changes, mirrors, splits, deliveries.

Belongs here: operations on drawn rows that every story uses. Does not belong here: which story does what.
"""

from __future__ import annotations

import numpy as np

from dagster_project.sample import codes
from dagster_project.sample.amounts import AMOUNTS, COMPONENTS, FUNDS
from dagster_project.sample.calendar import add_months, month_span
from dagster_project.sample.hashing import Integers
from dagster_project.sample.visits import Columns
from dagster_project.sample.world import World

_BED_VISITS = (codes.INPATIENT, codes.HOME_BED)


def late_delivery(month: int) -> int:
    """The late batch (June or December of the month's year) in which news about a month arrives."""
    return (month // 100 * 100 + (6 if month % 100 <= 6 else 12)) * 10 + 1


def has_bed(world: World, rows: Columns) -> Integers:
    """1 where the row belongs to a stay (inpatient or home bed, at a hospital)."""
    hospital = ~world.institutions.is_pharmacy[rows["institution"]]
    return (hospital & np.isin(codes.VISIT_AT_HOSPITAL[rows["care"]], _BED_VISITS)).astype(np.int64)


def with_defaults(world: World, rows: Columns) -> Columns:
    """A single ordinary row delivered in its own month, with the columns that stories add."""
    return rows | {
        "delivery": rows["month"] * 10,
        "repeat": rows["role"] * 0,
        "returned": rows["role"] * 0,
        "stay": has_bed(world, rows),
        "stay_begin": rows["begin"],
        "stay_fee": rows["fee"],
        "stay_fund": rows["fund"],
        "stay_pool": rows["pool"],
        "stay_assistance": rows["assistance"],
        "aid_first": (rows["assistance"] > 0).astype(np.int64),
    }


def stack(parts: list[Columns]) -> Columns:
    """Rows under each other."""
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def changed(rows: Columns, **values: int | Integers) -> Columns:
    """A copy with some columns set to a number or an array."""
    size = len(rows["month"])
    return rows | {
        key: np.full(size, value, dtype=np.int64) if isinstance(value, int) else value for key, value in values.items()
    }


def without_counting(rows: Columns, row_class: int) -> Columns:
    """A row that is neither a stay nor an assistance encounter of its own."""
    return changed(rows, **{"class": row_class, "stay": 0, "aid_first": 0})


def day_in(month: int, rows: Columns, salt: int = 0) -> Integers:
    """A day of a month, from the row's number."""
    first, end = month_span(month)
    return first + (rows["number"] * 7 + rows["rank"] + salt) % (end - first)


def later_day(rows: Columns, month: int, most: int) -> Integers:
    """A day up to `most` days after the settlement, still in the month."""
    last = month_span(month)[1] - 1
    return np.minimum(rows["day"] + (rows["number"] + rows["rank"]) % (most + 1), last)


def mirror(rows: Columns, role: int, day: Integers, row_class: int = codes.REVERSING) -> Columns:
    """The exact negative of rows, pointing at them, flagged, on its own day and in that month's delivery."""
    negative = {name: -rows[name] for name in AMOUNTS}
    result = without_counting(rows | negative, row_class)
    return changed(
        result, role=role, origin=rows["role"].copy(), flag=1, day=day, update_day=day, interim=rows["interim"]
    )


def delivered(rows: Columns, month: int) -> Columns:
    """Rows of a month's own batch."""
    return changed(rows, delivery=month * 10)


def flagged_later(rows: Columns, month_of_news: int, news_day: Integers) -> list[Columns]:
    """A reversed row first delivered unflagged, and again in the late batch with flag 1 and a newer update time."""
    first = without_counting(rows, codes.NOWHERE)
    again = changed(rows, flag=1, update_day=news_day + 1, delivery=late_delivery(month_of_news), repeat=1)
    return [first, without_counting(again, codes.REVERSED)]


def next_month(world: World, month: int, ahead: int = 1) -> int:
    """A later month of the sample, or the last one."""
    return min(add_months(month, ahead), world.months[-1])


def split(rows: Columns, percent: int) -> tuple[Columns, Columns]:
    """One settlement as two whose amounts add up to it; all identities hold in both."""
    first = {name: rows[name] * percent // 100 for name in (*COMPONENTS, "deductible", *FUNDS, "hospital_part")}
    first["fee"] = sum((first[name] for name in COMPONENTS), start=rows["fee"] * 0)
    first["fund"] = sum((first[name] for name in FUNDS), start=rows["fee"] * 0)
    first["personal"] = first["fee"] - first["fund"] - first["hospital_part"]
    first["account"] = np.minimum(rows["account"] * percent // 100, np.maximum(first["personal"], 0))
    first["family_account"] = np.minimum(rows["family_account"] * percent // 100, first["account"])
    first["cash"] = first["personal"] - first["account"]
    rest = {name: rows[name] - first[name] for name in AMOUNTS}
    return rows | first, rows | rest
