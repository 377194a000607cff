"""The same data under another pseudonym key, and built anew, give the same numbers byte for byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import SampleHome
from tests.warehouse_api import build_home, build_models, query, sorted_csv


@pytest.fixture(scope="module")
def other_home(sample_home: SampleHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The session's sample taken in under a key of its own."""
    home = tmp_path_factory.mktemp("other_key") / "home"
    shutil.copytree(sample_home.landing, home / "landing")
    build_home(home)
    return home


def test_two_keys_give_the_same_indicators(sample_home: SampleHome, other_home: Path) -> None:
    number = "select min(psn_no) from raw.psn_info_b"
    assert query(sample_home.warehouse, number) != query(other_home / "warehouse.duckdb", number)
    assert sorted_csv(sample_home.warehouse) == sorted_csv(other_home / "warehouse.duckdb")


def test_full_refresh_gives_the_same_bytes(other_home: Path) -> None:
    warehouse = other_home / "warehouse.duckdb"
    before = sorted_csv(warehouse)
    build_models(other_home, full_refresh=True)
    assert sorted_csv(warehouse) == before
