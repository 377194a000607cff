"""Dated rules of continuous enrolment in a province's file: waiting period after a lapse, incentive for staying.

Belongs here: reading and refusing the list `continuity`. Does not belong here: years of cover (dbt model `person_file`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# What an entry must hold beside `from`, and what it may.
NUMBERS = ("waiting_months", "months_per_lapsed_year", "incentive_after_years", "incentive_yuan_per_year")
OPTIONAL = ("incentive_at_most_yuan", "counted_from")


@dataclass(frozen=True)
class ContinuityRule:
    """What holds from a year on.

    Residents who come back wait `waiting_months` and `months_per_lapsed_year` for each year without cover. Each continuous
    year after `incentive_after_years` raises the ceiling of serious-illness insurance by `incentive_yuan_per_year` yuan,
    in all by at most `incentive_at_most_yuan` (None: no limit). Years before `counted_from` count for neither (None: all count).
    """

    from_year: int
    waiting_months: int
    months_per_lapsed_year: int
    incentive_after_years: int
    incentive_yuan_per_year: int
    incentive_at_most_yuan: int | None = None
    counted_from: int | None = None


def read_rules(entries: list[Any]) -> list[ContinuityRule]:
    """Rules in the order of their years. Raises ValueError with the entry that is wrong."""
    found = []
    for entry in entries:
        if not isinstance(entry, dict) or not {"from", *NUMBERS} <= set(entry) <= {"from", *NUMBERS, *OPTIONAL}:
            raise ValueError(str(entry))
        if any(type(number) is not int or number < 0 for number in entry.values()):
            raise ValueError(str(entry))
        found.append(ContinuityRule(entry["from"], *(entry[name] for name in NUMBERS), *map(entry.get, OPTIONAL)))
    return sorted(found, key=lambda rule: rule.from_year)
