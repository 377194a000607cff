"""An extract that has not landed: its indicators say so, the rest is computed, the bulletin appears."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from dagster_project.contracts import load_contracts
from tests.missing_extracts import (
    assert_only_dependents_are_missing,
    assert_published,
    assert_rest_equals_truth,
    copy_landing,
    extract_of,
)
from tests.warehouse_api import build_home, bulletin, query, sorted_csv

YEAR = 2024


@pytest.fixture(scope="module")
def one_year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home folder with the landed sample of one year and its truth."""
    home = tmp_path_factory.mktemp("one_year")
    said = bulletin("sample", str(home / "landing"), "--scale", "0.0005", "--years", str(YEAR))
    assert said.code == 0, said.text
    return home


def run_without(one_year: Path, home: Path, missing: str) -> None:
    """Run the sample without an extract and look at everything that has to be there."""
    copy_landing(one_year / "landing", home, lambda name: extract_of(name) != missing)
    assert_published(bulletin("run", "--home", str(home), key=home.parent / "test.key"), home, YEAR)
    assert_only_dependents_are_missing(home, {missing})
    # Without their history, the spells of people whose insurance ended are not there; a finding says so.
    if missing != "psn_insu_his_d":
        assert_rest_equals_truth(home, one_year / "truth.json", {missing})


def test_a_single_file_of_settlements_makes_a_bulletin(one_year: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    copy_landing(one_year / "landing", home, lambda name: name == "setl_d_202403.parquet")
    assert_published(bulletin("run", "--home", str(home), key=tmp_path / "test.key"), home, YEAR)
    assert_only_dependents_are_missing(home, set(load_contracts()) - {"setl_d"})


def test_a_county_whose_month_is_missing_is_found_before_any_indicator_is(one_year: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    copy_landing(one_year / "landing", home, lambda name: extract_of(name) in {"setl_d", "psn_insu_d"})
    (path,) = (home / "landing").rglob("setl_d_202407.parquet")
    (path.parent / "manifest.json").unlink()
    month = pl.read_parquet(path)
    ((county, gone),) = month["insu_admdvs"].value_counts().top_k(1, by="count").rows()
    path.unlink()
    month.filter(pl.col("insu_admdvs") != county).write_parquet(path)
    said = bulletin("run", "--home", str(home), key=tmp_path / "test.key")
    assert said.code == 0 and "delivery_area_missing  1/" in said.text, said.text
    assert "to be dealt with before a freeze" in said.text
    asked = "select stage, status from ops.check_result where check_name = 'delivery_area_missing'"
    results = query(home / "warehouse.duckdb", asked)
    assert results == [("landing", "warn")] and gone > 20
    listed = bulletin("deliveries", "--home", str(home), key=tmp_path / "test.key")
    assert listed.code == 0 and f"setl_d {YEAR}07 {county}" in listed.text, listed.text
    refused = bulletin("freeze", "--home", str(home), "--year", str(YEAR), key=tmp_path / "test.key")
    assert refused.code != 0 and "delivery_area_missing" in refused.text, refused.text


@pytest.mark.long
@pytest.mark.parametrize("missing", sorted(load_contracts()))
def test_any_single_extract_may_be_missing(one_year: Path, tmp_path: Path, missing: str) -> None:
    run_without(one_year, tmp_path / "home", missing)


@pytest.mark.long
def test_what_comes_later_gives_the_numbers_of_all_at_once(one_year: Path, tmp_path: Path) -> None:
    at_once, stepwise = tmp_path / "at_once", tmp_path / "stepwise"
    copy_landing(one_year / "landing", at_once, lambda _name: True)
    build_home(at_once)
    copy_landing(one_year / "landing", stepwise, lambda name: name == "setl_d_202403.parquet")
    build_home(stepwise)
    shutil.rmtree(stepwise / "landing")
    copy_landing(one_year / "landing", stepwise, lambda _name: True)
    build_home(stepwise)
    assert sorted_csv(stepwise / "warehouse.duckdb") == sorted_csv(at_once / "warehouse.duckdb")
