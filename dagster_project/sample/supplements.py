"""Encounters settled in several live rows: interim and supplementary settlements, and claims that arrive late.

Belongs here: what each row holds and which row carries the stay. Does not belong here: reversals (`reversals.py`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dagster_project.sample import codes
from dagster_project.sample.amounts import AMOUNTS
from dagster_project.sample.calendar import month_span
from dagster_project.sample.institutions import OUTSIDE_HOSPITALS
from dagster_project.sample.story_rows import (
    changed,
    day_in,
    delivered,
    late_delivery,
    later_day,
    next_month,
    split,
    without_counting,
)
from dagster_project.sample.visits import Columns
from dagster_project.sample.world import World


def interim(world: World, month: int, rows: Columns) -> list[Columns]:
    """Settled on the month's last day while in bed, and again at discharge next month: one stay, two rows of money.

    In December this is the stay over new year. Half of the second rows begin where the first ended, half at admission.
    """
    later = next_month(world, month)
    last = month_span(month)[1] - 1
    begin = last - 2 - rows["number"] % 20
    if later == month:
        middle, end = np.full(len(begin), last - 5, dtype=np.int64), np.full(len(begin), last, dtype=np.int64)
        begin = begin - 5
    else:
        middle, end = np.full(len(begin), last, dtype=np.int64), np.minimum(day_in(later, rows), last + 25)
    first, second = split(rows, 40)
    first = changed(first, begin=begin, end=middle, day=middle, update_day=middle, interim=1)
    first = changed(first, stay=0)
    total = {f"stay_{name}": rows[name] for name in ("fee", "fund", "pool", "assistance")}
    second = changed(
        second | total, begin=np.where(rows["number"] % 2 == 0, begin, middle), end=end, day=end, update_day=end
    )
    second = changed(
        second,
        role=1,
        stay_begin=begin,
        aid_first=((second["assistance"] > 0) & (first["assistance"] == 0)).astype(np.int64),
    )
    # The grade is the one on the day of the settlement.
    second = changed(second, grade=world.institutions.grade_on(second["institution"], end))
    first = changed(first, aid_first=(first["assistance"] > 0).astype(np.int64))
    return [first, delivered(second, later)]


def _supplement(world: World, month: int, rows: Columns, fund: str, reason: int) -> list[Columns]:
    """A second row that pays part of the cash back: fee 0, one fund, the person minus as much."""
    later = next_month(world, month, 1 + month % 2)
    amount = np.maximum(np.maximum(rows["cash"], 0) * 30 // 100, 1)
    zero = dict.fromkeys(AMOUNTS, rows["fee"] * 0)
    extra = rows | zero | {fund: amount, "fund": amount, "personal": -amount, "cash": -amount}
    day = later_day(rows, month, 9) if later == month else day_in(later, rows)
    extra = changed(without_counting(extra, codes.LIVE), role=1, day=day, update_day=day, reason=reason)
    extra = changed(extra, settlement_type=codes.SUPPLEMENTARY)
    first_aid = (extra["assistance"] > 0) & (rows["assistance"] == 0)
    extra = changed(extra, aid_first=first_aid.astype(np.int64))
    main = changed(rows, stay_fund=rows["fund"] + amount, stay_assistance=rows["assistance"] + extra["assistance"])
    return [main, delivered(extra, later)]


def supplementary_assistance(world: World, month: int, rows: Columns) -> list[Columns]:
    """Assistance paid in a row of its own, one or two months later."""
    return _supplement(world, month, rows, "assistance", codes.ASSISTANCE_LATER)


def supplementary_second(world: World, month: int, rows: Columns) -> list[Columns]:
    """Second reimbursement by the supplementary fund."""
    return _supplement(world, month, rows, "supplementary", codes.SECOND_YEARLY)


def late_manual(world: World, month: int, rows: Columns) -> list[Columns]:
    """A stay in another province claimed over the counter two to four months after discharge, delivered late."""
    length = np.maximum(rows["end"] - rows["begin"], 1)
    end = np.maximum(rows["day"] - 60 - rows["rank"] % 60, world.first_day)
    places = world.institutions
    institution = places.outside_start + rows["number"] % OUTSIDE_HOSPITALS
    claim = changed(rows, end=end, begin=end - length, institution=institution, place=places.region[institution])
    claim = changed(
        claim, place_written=claim["place"], grade=places.grade_on(institution, rows["day"]), location=codes.MANUAL
    )
    claim = changed(claim, settlement_type=codes.BY_COUNTER, reason=codes.CLAIM_ELSEWHERE, clearing=codes.BY_ITEM)
    return [changed(claim, grouping=codes.NO_GROUP, stay_begin=end - length, delivery=late_delivery(month))]


SUPPLEMENTS: dict[str, Callable[[World, int, Columns], list[Columns]]] = {
    "interim": interim,
    "supplementary_assistance": supplementary_assistance,
    "supplementary_second": supplementary_second,
    "late_manual": late_manual,
}
