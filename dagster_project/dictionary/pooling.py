"""Pooling levels over time, as one text per province and year, for the definition of out-of-area figures.

Belongs here: spelling out which level was in force and when it changed. The dated rows themselves come from the
province's YAML (`definitions.py`) and are joined by month in dbt.
"""

from __future__ import annotations

from datetime import date

from dagster_project.dictionary.definitions import Pooling, Province

# Listed by indicators like a switch, but chosen by the dated pooling table instead of a value per year.
CROSS_REGION_BASE = "cross_region_base"


def describe_pooling(province: Province, year: int) -> str:
    """For example `prefecture`, or `prefecture>province@2024-12-01`; regions that differ follow after `;`."""
    own = [entry for entry in province.pooling if entry.region_code[:2] == province.code[:2]]
    national = [entry for entry in province.pooling if entry.region_code == "100000"]
    whole = [entry for entry in own if entry.region_code == province.code]
    parts = [_course(whole or national, year)]
    for region in sorted({entry.region_code for entry in own} - {province.code}):
        parts.append(f"{region}:{_course([entry for entry in own if entry.region_code == region], year)}")
    return ";".join(parts)


def _course(entries: list[Pooling], year: int) -> str:
    dated = sorted(entries, key=lambda entry: entry.valid_from)
    begun = [entry.level for entry in dated if entry.valid_from <= date(year, 1, 1)]
    changes = [entry for entry in dated if date(year, 1, 1) < entry.valid_from <= date(year, 12, 31)]
    return "".join([begun[-1] if begun else "none", *(f">{entry.level}@{entry.valid_from}" for entry in changes)])
