"""Nothing in the code knows Guizhou: another province, with other prefectures, runs from end to end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.second_route import second_route
from tests.truth import expected_indicators, load_truth
from tests.warehouse_api import build_home, compare, headline_frame, query

PROVINCE, YEAR = "370000", 2024


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One year of a synthetic Shandong, built."""
    from dagster_project.sample import write_sample

    home = tmp_path_factory.mktemp("shandong")
    write_sample(home / "landing", scale=0.0002, years=(YEAR,), province=PROVINCE)
    build_home(home)
    return home


def test_regions_come_from_the_landed_tables(home: Path) -> None:
    regions = {
        row[0] for row in query(home / "warehouse.duckdb", "select distinct region_code from indicator.indicator_value")
    }
    assert PROVINCE in regions and "370100" in regions
    assert all(region.startswith("37") for region in regions)


def test_all_three_routes_agree(home: Path) -> None:
    expected = expected_indicators(load_truth(home / "truth.json"))
    found = headline_frame(home / "warehouse.duckdb")
    second = second_route(home / "landing", [YEAR], PROVINCE).frame
    assert not (wrong := compare(expected, second)), "\n".join(wrong[:40])
    assert not (wrong := compare(expected, found)), "\n".join(wrong[:40])
