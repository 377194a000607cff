"""Headline indicators of the warehouse beside those of the yardstick.

Belongs here: taking them out of the warehouse, and comparing. Does not belong here: running either side.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

_OURS = """
    select indicator_id, year, region_code, numerator, denominator, value
    from warehouse.indicator.indicator_value
    where
        vintage = 'working'
        and breakdown = 'total'
        and region_level in ('province', 'prefecture')
        and indicator_id in (select indicator_id from warehouse.ops.indicator_dictionary where headline = 'Y')
"""
# Both sides whole, so that a figure that only one of them has shows too.
_COMPARED = """
    select
        coalesce(ours.indicator_id, theirs.indicator_id) as indicator_id,
        coalesce(ours.year, theirs.year) as year,
        coalesce(ours.region_code, theirs.region_code) as region_code,
        ours.indicator_id is null
        or theirs.indicator_id is null
        or ours.numerator is distinct from theirs.numerator
        or ours.denominator is distinct from theirs.denominator
        or ours.value is distinct from theirs.value as is_different
    from ours
    full join yardstick.indicator_value as theirs
        on
            ours.indicator_id = theirs.indicator_id
            and ours.year = theirs.year
            and ours.region_code = theirs.region_code
"""


@dataclass(frozen=True)
class Comparison:
    """How many figures were compared, and which (indicator, year, region) are not equal."""

    headlines: int
    regions: int
    compared: int
    different: list[tuple[str, int, str]]


def take_headlines(warehouse: Path, target: Path) -> None:
    """Write the headline indicators of the province and its prefectures to a small database of their own."""
    with duckdb.connect(str(target)) as connection:
        connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
        connection.execute(f"create table ours as {_OURS}")


def differing(before: Path, after: Path) -> int:
    """How many headline figures of two times are not the same."""
    with duckdb.connect(str(before), read_only=True) as connection:
        connection.execute(f"attach '{after}' as later (read_only)")
        row = connection.execute(
            "select count(*) from ((from ours except from later.ours) union all (from later.ours except from ours))"
        ).fetchone()
    return int(row[0]) if row else 0


def compare(headlines: Path, database: Path) -> Comparison:
    """Numerator, denominator and value of every headline indicator, exactly."""
    with duckdb.connect(str(headlines), read_only=True) as connection:
        connection.execute(f"attach '{database}' as yardstick (read_only)")
        rows = connection.execute(_COMPARED).fetchall()
    return Comparison(
        headlines=len({row[0] for row in rows}),
        regions=len({row[2] for row in rows}),
        compared=len(rows),
        different=[row[:3] for row in rows if row[3]],
    )
