"""Whose premium medical assistance pays: dated lists of identity groups in a province's file (L63).

Belongs here: reading and refusing the list `premium_assistance`. Does not belong here: who was subsidised (dbt model
`fct_premium_subsidy`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PremiumAssistance:
    """One group whose premium medical assistance pays from a year on, until a newer list begins."""

    from_year: int
    identity_group: str


def read_groups(entries: list[Any], known: Sequence[str]) -> list[PremiumAssistance]:
    """One row a year and group. Raises ValueError with the entry that is wrong or empty."""
    found = []
    for entry in entries:
        if not isinstance(entry, dict) or set(entry) != {"from", "groups"} or type(entry["from"]) is not int:
            raise ValueError(str(entry))
        groups = entry["groups"]
        if not isinstance(groups, list) or not groups or not set(groups) <= set(known):
            raise ValueError(str(entry))
        found += [PremiumAssistance(entry["from"], group) for group in groups]
    return sorted(found, key=lambda row: (row.from_year, row.identity_group))
