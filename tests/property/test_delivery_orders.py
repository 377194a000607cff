"""Two years of monthly deliveries end in one state, in whatever order and however often they come, with a wrong one taken out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from random import Random

import pytest

from dagster_project import run, stages
from dagster_project.desk.targets import find_target
from dagster_project.desk.unloading import unload
from dagster_project.warehouse import connect
from tests.changing_world import CHANGES, ChangingWorld
from tests.missing_extracts import copy_landing, extract_of
from tests.state import differences, tables
from tests.warehouse_api import build_home, build_models, settings_of

MONTHS = [(2024 + number // 12, number % 12 + 1) for number in range(24)]
# A choice of the province is no delivery: it holds from when it is made. A file that comes again under another name is refused
# with its batch and waits for the data centre (L43), whichever comes first; what comes again as it was is added by `bring`.
KINDS = sorted(CHANGES.keys() - {"choices", "again"})
REPEATED = 6
WRONG = "wrong"


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


def wrong_batch(seed: int, folder: Path) -> Path:
    """A delivery after all others that should never have come: newer versions, late rows, registers with rows gone."""
    made = two_years(Random(seed))
    last = ("newer_version", "withdrawn", "late_row", "further_row", "split_corrected", "closed", "registry", "person")
    made.deliver([(kind, number, number % 4) for kind in last for number in range(0, 40, 7)])
    made.write(folder)
    return folder / made.batch


def take_out(home: Path, key: Path) -> int:
    """Unload every file of the wrong batch, which stays in the landing folder; how many rows of others that brings back."""
    settings = settings_of(home, key)
    run.begin(settings, WRONG, "test")
    back = 0
    with connect(settings) as connection:
        for path in sorted((home / "landing" / WRONG).glob("*.csv")):
            target = find_target(connection, settings, f"{WRONG}/{path.name}", unloaded=False)
            back += unload(connection, settings, target, "test", "delivered by mistake", WRONG).rows_back
    stages.read_held_rows(settings, WRONG)  # as `bulletin unload` does before it computes
    run.finish(settings, WRONG, "done")
    return back


def check_orders(folder: Path, seed: int, orders: int, runs: int) -> None:
    """All at once against several orders, each in some runs, under one key; in those a wrong delivery comes and goes."""
    draw, key = Random(seed + 1000), folder / "key"
    made, wrong = two_years(Random(seed)), wrong_batch(seed, folder / "mistaken")
    made.write(folder / "once" / "landing")
    refused = [file.source_file for file in build_home(folder / "once", key).files if file.status == "refused"]
    assert refused == [], "what is refused waits for the data centre: no order can bring it in"
    expected = tables(folder / "once" / "warehouse.duckdb", "sha256")
    for order in range(orders):
        home = folder / f"order{order}"
        batches = [batch for batch in made.moments if (folder / "once" / "landing" / batch).exists()]
        draw.shuffle(batches)
        ends = [*sorted(draw.sample(range(1, len(batches)), runs - 1)), len(batches)]
        comes = draw.randrange(runs)
        goes = draw.randrange(comes, runs)
        for number, (begin, end) in enumerate(zip([0, *ends], ends, strict=False)):
            for batch in batches[begin:end]:
                bring(folder / "once" / "landing", home / "landing", batch, draw)
            if number == comes:
                shutil.copytree(wrong, home / "landing" / WRONG)
            build_home(home, key)
            if number == goes:
                assert take_out(home, key) > 0
                build_models(home, key)
        assert differences(tables(home / "warehouse.duckdb", "sha256"), expected) == [], (
            f"seed {seed}, {batches}, {ends}"
        )
        shutil.rmtree(home)


def test_two_years_of_deliveries_in_another_order(tmp_path: Path) -> None:
    check_orders(tmp_path, seed=1, orders=1, runs=2)


def test_a_province_that_no_settlement_has_named_yet_is_built(tmp_path: Path) -> None:
    """Encounters are delivered first, settlements and regions of a province that is in no national list later."""
    made = ChangingWorld()
    made.write(tmp_path / "source")
    copy_landing(tmp_path / "source", tmp_path / "home", lambda name: extract_of(name) == "mdtrt_d")
    build_home(tmp_path / "home", tmp_path / "key")


@pytest.mark.long
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_two_years_of_deliveries_in_many_orders(tmp_path: Path, seed: int) -> None:
    check_orders(tmp_path, seed=seed, orders=3, runs=5)
