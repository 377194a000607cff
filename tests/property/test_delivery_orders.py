"""Two years of monthly deliveries end in one state, in whatever order they come and however often."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from random import Random

import pytest

from tests.changing_world import CHANGES, ChangingWorld
from tests.state import differences, tables
from tests.warehouse_api import build_home

MONTHS = [(2024 + number // 12, number % 12 + 1) for number in range(24)]
# A choice of the province is no delivery: it holds from when it is made.
KINDS = sorted(CHANGES.keys() - {"choices"})
REPEATED = 6


def two_years(draw: Random) -> ChangingWorld:
    """24 monthly deliveries with new settlements each, and among them corrections, reversals, late rows and snapshots."""
    made = ChangingWorld()
    for year, month in MONTHS:
        made.deliver([(draw.choice(KINDS), draw.randrange(100), draw.randrange(4)) for _ in range(draw.randrange(4))])
        for area in list(made.world.areas.values()):
            made.settle(area, year, month, fee=500 + month)
    return made


def bring(source: Path, landing: Path, batch: str, draw: Random) -> None:
    """Land a batch; some come twice, the second time as a delivery of another name."""
    shutil.copytree(source / batch, landing / batch)
    if draw.randrange(len(MONTHS)) < REPEATED:
        shutil.copytree(source / batch, landing / f"{batch}_repeated")
        manifest = landing / f"{batch}_repeated" / "manifest.json"
        told = json.loads(manifest.read_text(encoding="utf-8")) | {"batch": f"{batch}_repeated"}
        manifest.write_text(json.dumps(told), encoding="utf-8")


def check_orders(folder: Path, seed: int, orders: int, runs: int) -> None:
    """All at once against several orders, each in some runs, under one key."""
    draw, key = Random(seed), folder / "key"
    made = two_years(draw)
    made.write(folder / "once" / "landing")
    build_home(folder / "once", key)
    expected = tables(folder / "once" / "warehouse.duckdb", "sha256")
    for order in range(orders):
        home = folder / f"order{order}"
        batches = [batch for batch in made.moments if (folder / "once" / "landing" / batch).exists()]
        draw.shuffle(batches)
        ends = [*sorted(draw.sample(range(1, len(batches)), runs - 1)), len(batches)]
        for begin, end in zip([0, *ends], ends, strict=False):
            for batch in batches[begin:end]:
                bring(folder / "once" / "landing", home / "landing", batch, draw)
            build_home(home, key)
        assert differences(tables(home / "warehouse.duckdb", "sha256"), expected) == [], (
            f"seed {seed}, {batches}, {ends}"
        )
        shutil.rmtree(home)


def test_two_years_of_deliveries_in_another_order(tmp_path: Path) -> None:
    check_orders(tmp_path, seed=1, orders=1, runs=2)


@pytest.mark.long
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_two_years_of_deliveries_in_many_orders(tmp_path: Path, seed: int) -> None:
    check_orders(tmp_path, seed=seed, orders=3, runs=5)
