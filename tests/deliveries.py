"""A third delivery for the hand-made province: corrected rows, late rows and reversals after the first two.

Belongs here: rows made out of rows that were delivered before. Does not belong here: the cases of rulings.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from tests.rulings.landed import DELIVERIES, make_world
from tests.rulings.world import World
from tests.second_route.constants import COLUMNS

CASES = ["test_settlement_rulings", "test_machinery_rulings"]
MOMENTS = {**DELIVERIES, "b3": "2026-02-25T00:00:00"}
MONEY = {column.name for column in COLUMNS["setl_d"] if column.kind == "decimal"} - {"age", "pool_prop_selfpay"}


def times(row: dict[str, Any], factor: int) -> dict[str, Any]:
    """A settlement with all its amounts multiplied, so that they go on adding up."""
    return {name: value * factor if name in MONEY and value != "" else value for name, value in row.items()}


def settlements(world: World, batch: str) -> list[tuple[str, dict[str, Any]]]:
    """Valid originals of a batch with their case, in the order in which they were written."""
    return [
        (case, row)
        for (of, table, case), rows in sorted(world.rows.items())
        for row in rows
        if (of, table) == (batch, "setl_d") and row["vali_flag"] == "1" and not row["init_setl_id"]
        if all(row[name] == "" or isinstance(row[name], int) for name in MONEY)
    ]


def with_third_delivery(home: Path) -> World:
    """The hand-made province whose batch b3 corrects, reverses and adds to rows of b1 and b2."""
    world = make_world(home, CASES)
    for batch, step in (("b1", 7), ("b2", 2)):
        for place, (case, row) in enumerate(settlements(world, batch)[::step]):
            area = world.areas[case]
            if place % 3 == 0:
                world.add("setl_d", times(row, 2) | {"updt_time": "2026-02-20 00:00:00"}, case, "b3")
            elif place % 3 == 1:
                area.mirror(row, batch="b3", when=datetime(2025, 12, 30, 9))
            else:
                area.settle(batch="b3", when=datetime(2024, 5, 6, 7), fee=300 + place)
    world.rows = {key: rows for key, rows in world.rows.items() if key[0] == "b3"}
    world.write(home / "landing", {"b3": MOMENTS["b3"]})
    return world
