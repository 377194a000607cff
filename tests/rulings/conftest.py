"""One build of the hand-made province for all ruling cases."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from tests.rulings.answers import Answers, Parts, Warehouse, numbers_of
from tests.rulings.landed import IDENTITIES, YEARS, make_world
from tests.rulings.world import PROVINCE, World
from tests.second_route import SecondRoute, second_route


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The hand-made province with the rows of every case, written as landed files under `world.home`."""
    return make_world(tmp_path_factory.mktemp("rulings"))


@pytest.fixture(scope="session")
def built(world: World, common_folder: Path) -> Warehouse:
    """The warehouse built from the hand-made province by intake and dbt, without the later stages; worker processes share it."""
    from tests.warehouse_api import build_home

    shared, key = common_folder / "rulings_built", world.home.parent / f"{world.home.name}.key"
    with FileLock(common_folder / "rulings_built.lock"):
        if shared.exists():
            shutil.copytree(shared / "home", world.home, dirs_exist_ok=True)
            shutil.copyfile(shared / "key", key)
        else:
            build_home(world.home)
            shutil.copytree(world.home, shared / "home", ignore=shutil.ignore_patterns("landing"))
            shutil.copyfile(key, shared / "key")
    return Warehouse(world.home / "warehouse.duckdb", world)


@pytest.fixture(scope="session")
def second(world: World) -> SecondRoute:
    """The second route over the same landed files."""
    return second_route(
        world.home / "landing",
        YEARS,
        PROVINCE,
        care_types={"16": "chronic_outpatient"},
        pooled_at_province={world.areas["L7"].prefecture: "2024-07-01"},
        identities=IDENTITIES,
    )


@pytest.fixture(params=["second route", "warehouse"])
def answers(request: pytest.FixtureRequest, world: World) -> Answers:
    """Numbers of one route."""
    if request.param == "second route":
        return Answers("second route", world, numbers_of(request.getfixturevalue("second").frame))
    from tests.warehouse_api import headline_frame

    built: Warehouse = request.getfixturevalue("built")
    return Answers("warehouse", world, numbers_of(headline_frame(Path(built.path))))


@pytest.fixture(params=["second route", "warehouse"])
def parts(request: pytest.FixtureRequest, world: World) -> Parts:
    """Members of breakdowns of one route."""
    if request.param == "second route":
        return Parts(world, request.getfixturevalue("second"))
    built: Warehouse = request.getfixturevalue("built")
    return Parts(world, built.path)
