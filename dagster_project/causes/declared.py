"""The definitions under which a vintage was computed, put together again from what it records.

Belongs here: from definition ids and their choices to the definitions of a province. Does not belong here: what is chosen now
(`dictionary/`), computing.

A vintage says of each figure by which definition it was made, its descriptor and the warehouse which choices that is. What no figure
tells is as it is chosen now. Whether the whole is right shows when the vintage is computed by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from dagster_project.dictionary.definitions import ALWAYS, Pooling, Province
from dagster_project.dictionary.pooling import CROSS_REGION_BASE, describe_pooling

Spelt = Mapping[str, Mapping[str, str]]
_CHANGE = re.compile(r">(\w+)@(\d{4}-\d{2}-\d{2})")


def declared_then(present: Province, used: Iterable[tuple[int, str]], spelt: Spelt) -> Province:
    """The present definitions with the choices of a vintage: `used` are years and definition ids of its figures, `spelt` the choices
    of an id."""
    told: dict[str, dict[int, str]] = {}
    for year, definition in used:
        for switch, value in spelt.get(definition, {}).items():
            told.setdefault(switch, {})[year] = value
    pooling = told.pop(CROSS_REGION_BASE, {})
    choices = {
        switch: _dated(present.choices[switch], years)
        for switch, years in told.items()
        if switch in present.choices and any(present.choice(switch, year) != value for year, value in years.items())
    }
    changed = {year: text for year, text in pooling.items() if describe_pooling(present, year) != text}
    return replace(
        present,
        choices={**present.choices, **choices},
        pooling=_pooling(present, pooling) if changed else present.pooling,
    )


def _dated(now: list[tuple[int, str]], years: Mapping[int, str]) -> list[tuple[int, str]]:
    """Dated entries of a choice: as now before the first year that is told, unless it was another one then too."""
    first = min(years)
    begun = [entry for entry in now if entry[0] <= first]
    before = [entry for entry in begun if entry[0] < first] if begun and begun[-1][1] == years[first] else []
    entries = before or [(ALWAYS, years[first])]
    for year in sorted(years):
        if years[year] != entries[-1][1]:
            entries = [*entries, (year, years[year])]
    return entries


def _pooling(present: Province, told: Mapping[int, str]) -> list[Pooling]:
    """Dated levels of the province from their descriptions by year; those of the nation stay."""
    found = [entry for entry in present.pooling if entry.region_code[:2] != present.code[:2]]
    for year in sorted(told):
        for part in told[year].split(";"):
            region, sign, course = part.partition(":")
            region, course = (region, course) if sign else (present.code, part)
            begun = course.partition(">")[0]
            if begun != "none":
                found.append(Pooling(region, date(ALWAYS if year == min(told) else year, 1, 1), begun))
            found += [Pooling(region, date.fromisoformat(day), level) for level, day in _CHANGE.findall(course)]
    return found
