"""One build of the hand-made province for all ruling cases."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import polars as pl
import pytest

from tests.rulings.answers import Answers, Warehouse, numbers_of
from tests.rulings.world import FIRST_YEAR, NEXT_YEAR, PROVINCE, YEAR, World
from tests.second_route import second_route

CASES = ["test_settlement_rulings", "test_stay_rulings", "test_enrolment_rulings", "test_machinery_rulings"]
DELIVERIES = {"b1": "2026-01-10T00:00:00", "b2": "2026-02-10T00:00:00"}
YEARS = [FIRST_YEAR, YEAR, NEXT_YEAR]


def _common(world: World) -> None:
    """What every province delivers: employers, institutions, encounters, regions."""
    for employer, kind in (("E10", "10"), ("E50", "50"), ("E80", "80")):
        row = {"emp_no": employer, "emp_type": kind, "insu_admdvs": f"{PROVINCE[:2]}0101"}
        world.add("insu_emp_info_b", row, "all", "b1")
    for area in list(world.areas.values()):
        for letter, kind, level in (("H", "1", "02"), ("P", "2", "11")):
            code = f"{letter}{area.county}00001"
            row = {"fixmedins_code": code, "fixmedins_name": code, "fixmedins_type": kind, "hosp_lv": level}
            place = {"fix_blng_admdvs": area.county, "begntime": "2000-01-01 00:00:00"}
            world.add("fixmedins_b", row | place, "all", "b1")
    copied = ["mdtrt_id", "psn_no", "insu_admdvs", "fixmedins_code", "med_type", "vali_flag", "updt_time"]
    encounters = {
        row["mdtrt_id"]: {name: row[name] for name in copied}
        | {"insutype": row["insutype"] or "310", "begntime": row["begndate"], "endtime": row["enddate"]}
        for (_, table, _), rows in sorted(world.rows.items())
        for row in rows
        if table == "setl_d"
    }
    for row in encounters.values():
        world.add("mdtrt_d", row, "all", "b1")
    world.regions()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The hand-made province with the rows of every case, written as landed files under `world.home`."""
    world = World()
    for name in CASES:
        module = importlib.import_module(f"tests.rulings.{name}")
        for function in [name for name in vars(module) if name.startswith("rows_")]:
            getattr(module, function)(world.area(function.removeprefix("rows_")))
    _common(world)
    world.home = tmp_path_factory.mktemp("rulings")
    world.write(world.home / "landing", DELIVERIES)
    (world.home / "provinces").mkdir()
    (world.home / "provinces" / f"{PROVINCE}.yml").write_text(
        "name: {zh: 样例省, en: Case province}\n"
        "definitions: {}\n"
        "pooling:\n"
        f"  - {{region: '{world.areas['L7'].prefecture}', from: 2024-07-01, level: province}}\n"
        "care_type_map: {'16': chronic_outpatient}\n"
        "dummy_creators: []\n",
        encoding="utf-8",
    )
    return world


@pytest.fixture(scope="session")
def built(world: World) -> Warehouse:
    """The warehouse built from the hand-made province by intake and dbt, without the later stages."""
    from tests.warehouse_api import build_home

    build_home(world.home, province=PROVINCE, years=YEARS)
    return Warehouse(world.home / "warehouse.duckdb", world)


@pytest.fixture(scope="session")
def second(world: World) -> pl.DataFrame:
    """The second route over the same landed files."""
    return second_route(
        world.home / "landing",
        YEARS,
        PROVINCE,
        care_types={"16": "chronic_outpatient"},
        pooled_at_province={world.areas["L7"].prefecture: "2024-07-01"},
    ).frame


@pytest.fixture(params=["second route", "warehouse"])
def answers(request: pytest.FixtureRequest, world: World) -> Answers:
    """Numbers of one route."""
    if request.param == "second route":
        return Answers("second route", world, numbers_of(request.getfixturevalue("second")))
    from tests.warehouse_api import headline_frame

    built: Warehouse = request.getfixturevalue("built")
    return Answers("warehouse", world, numbers_of(headline_frame(Path(built.path))))


os.environ.setdefault("BULLETIN_NOW", "2026-03-01T00:00:00+00:00")
