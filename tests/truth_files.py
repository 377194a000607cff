"""Files of persons in the warehouse beside the generator's own count of natural persons.

Belongs here: one comparison. Does not belong here: how either side counts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.warehouse_api import query

FIELDS = "continuous_years, lapsed_years, open_spell_count, number_count, spell_count, is_dead::int, gap_count"


def file_differences(warehouse: Path, truth: dict[str, Any]) -> dict[tuple[int, ...], tuple[object, object]]:
    """Kinds of files whose persons or days of gaps differ: (expected, found) by kind."""
    rows = query(warehouse, f"select {FIELDS}, count(*), sum(gap_days)::bigint from core.person_file group by all")
    found = {tuple(row[:7]): (row[7], row[8]) for row in rows}
    expected = {}
    for cell in truth["cells"]["person_file"]:
        persons, gap_days = cell["persons"], cell["gap_days"]
        expected[tuple(value for name, value in cell.items() if name not in ("persons", "gap_days"))] = (
            persons,
            gap_days,
        )
    kinds = expected.keys() | found.keys()
    return {kind: (expected.get(kind), found.get(kind)) for kind in kinds if expected.get(kind) != found.get(kind)}
