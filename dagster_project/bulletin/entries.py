"""What the dictionary says of each indicator, as this bulletin prints it: names, units, decimals, order.

Belongs here: reading `ops.indicator_dictionary`. Does not belong here: figures (`book`), the words of names (outline, wording).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from dagster_project.bulletin.numbers import Unit, declared_decimals
from dagster_project.language import Text


@dataclass(frozen=True)
class Entry:
    """What the dictionary says of an indicator."""

    name: Text
    register_name: Text  # as the dictionary writes it, whatever our definitions are
    unit: Unit
    decimals: int
    is_headline: bool
    section: str

    @property
    def section_number(self) -> tuple[int, ...]:
        """The number before a section's name: `1.2 居民医保`."""
        return tuple(int(part) for part in self.section.partition(" ")[0].split(".") if part.isdigit())

    @property
    def section_name(self) -> str:
        """The section's name without its number."""
        return self.section.partition(" ")[2]


def _full_width(name: str) -> str:
    """Brackets as Chinese text sets them."""
    return name.replace("(", "（").replace(")", "）")


def nameless(indicator: str) -> Entry:
    """What is known of an indicator that the dictionary lacks: nothing but its id."""
    name = Text(indicator, indicator)
    return Entry(name, name, Unit(""), 2, False, "")


def read_entries(dictionary: pl.DataFrame, names: Mapping[str, Text], decimals: Mapping[str, int]) -> dict[str, Entry]:
    """Entries by indicator; `names` and `decimals` replace the dictionary's."""
    entries = {}
    for row in dictionary.iter_rows(named=True):
        indicator = row["indicator_id"]
        unit = Unit.parse(row.get("unit") or "")
        declared = row.get("display_decimals")
        declared = 2 if declared is None or declared == "" else int(declared)
        declared = declared_decimals(unit, declared)
        own = Text(_full_width(row["name_zh"]), row.get("name_en") or row["name_zh"])
        entries[indicator] = Entry(
            name=names.get(indicator, own),
            register_name=own,
            unit=unit,
            decimals=decimals.get(indicator, declared),
            is_headline=str(row.get("headline") or "").lower() in ("y", "true", "1"),
            section=str(row.get("section") or ""),
        )
    return entries


def in_reading_order(entries: Mapping[str, Entry], spoken: Sequence[str]) -> list[str]:
    """Headline indicators by section, in the order of the text; those it leaves out after their neighbour."""
    order = {indicator: float(place) for place, indicator in enumerate(dict.fromkeys(spoken))}
    listed = [indicator for indicator, entry in entries.items() if entry.is_headline]
    for place, indicator in enumerate(listed):
        if indicator not in order:
            before = order[listed[place - 1]] if place else -1.0
            order[indicator] = before + 1 / (len(listed) + place)
    return sorted(listed, key=lambda one: (entries[one].section_number, order[one]))
