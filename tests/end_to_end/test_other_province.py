"""Nothing in the code knows Guizhou: another province, with other prefectures and pooling of its own, runs from end to end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests import truth_cells
from tests.second_route import second_route
from tests.truth import expected_indicators, load_truth
from tests.warehouse_api import Spoken, bulletin, compare, headline_frame, query

PROVINCE, YEAR = "370000", 2024
GUIZHOU = ("52", "贵州", "Guizhou")
# A home's own file, of a province that ships none: one pool from July, where Guizhou became one in December.
POOLED_FROM = "2024-07-01"
DEFINITIONS = f"""
name: {{zh: 山东省, en: Shandong}}
pooling:
  - {{region: '{PROVINCE}', from: 2000-01-01, level: prefecture}}
  - {{region: '{PROVINCE}', from: {POOLED_FROM}, level: province}}
"""
OUT_OF_AREA = ("outarea_visits", "outarea_expense")


@dataclass(frozen=True)
class Ran:
    """A home after one run, and what the run said."""

    home: Path
    said: Spoken

    @property
    def publication(self) -> Path:
        """The folder of the draft."""
        (descriptor,) = (self.home / "publication" / str(YEAR)).glob("*/release.json")
        return descriptor.parent


@pytest.fixture(scope="module")
def shandong(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One year of a synthetic Shandong by the command line, from its extracts to the served database."""
    home = tmp_path_factory.mktemp("shandong") / "home"
    words = ["--scale", "0.0002", "--years", str(YEAR), "--province", PROVINCE]
    made = bulletin("sample", str(home / "landing"), *words)
    assert made.code == 0, made.text
    (home / "provinces").mkdir()
    (home / "provinces" / f"{PROVINCE}.yml").write_text(DEFINITIONS, encoding="utf-8")
    return Ran(home, bulletin("run", "--year", str(YEAR), "--home", str(home), key=home.parent / "test.key"))


def test_the_run_ends_well_and_its_checks_pass(shandong: Ran) -> None:
    assert shandong.said.code == 0, shandong.said.text
    found = query(
        shandong.home / "warehouse.duckdb",
        "select stage, count(*) filter (where status in ('fail', 'error')), count(*) filter (where status = 'pass') "
        "from ops.check_result group by all",
    )
    assert {stage for stage, _, _ in found} == {"landing", "core", "indicator", "publication"}
    assert all(bad == 0 and passed > 0 for _, bad, passed in found), found


def test_regions_come_from_the_landed_tables(shandong: Ran) -> None:
    regions = {
        row[0]
        for row in query(
            shandong.home / "warehouse.duckdb", "select distinct region_code from indicator.indicator_value"
        )
    }
    assert PROVINCE in regions and "370100" in regions
    assert all(region.startswith("37") for region in regions)


def _expected(shandong: Ran, pooled_from: str) -> pl.DataFrame:
    """What follows from the truth when the province is one pool from a day on."""
    with pytest.MonkeyPatch.context() as patch:
        month = int(pooled_from[:4] + pooled_from[5:7])
        patch.setitem(truth_cells.POOLED_AT_PROVINCE_FROM, PROVINCE, month)
        return expected_indicators(load_truth(shandong.home / "truth.json"))


def _out_of_area(frame: pl.DataFrame) -> dict[tuple[str, str], Any]:
    """Numerators of the figures that pooling decides, by indicator and region."""
    rows = frame.filter(pl.col("indicator_id").is_in(OUT_OF_AREA), pl.col("year") == YEAR)
    return {(row["indicator_id"], row["region_code"]): row["numerator"] for row in rows.to_dicts()}


def test_all_three_routes_agree(shandong: Ran) -> None:
    expected = _expected(shandong, POOLED_FROM)
    found = headline_frame(shandong.home / "warehouse.duckdb")
    pooled = {PROVINCE: POOLED_FROM}
    second = second_route(shandong.home / "landing", [YEAR], PROVINCE, pooled_at_province=pooled).frame
    assert not (wrong := compare(expected, second)), "\n".join(wrong[:40])
    assert not (wrong := compare(expected, found)), "\n".join(wrong[:40])


def test_care_out_of_area_follows_the_pooling_of_the_home_s_own_file(shandong: Ran) -> None:
    found = _out_of_area(headline_frame(shandong.home / "warehouse.duckdb"))
    july, december, never = (
        _out_of_area(_expected(shandong, day)) for day in (POOLED_FROM, "2024-12-01", "2999-01-01")
    )
    assert found == july
    for name in OUT_OF_AREA:
        whole = (name, PROVINCE)
        assert 0 < july[whole] < december[whole] < never[whole], "else the test would not tell the dates apart"


def test_the_bulletin_is_of_that_province(shandong: Ran) -> None:
    page = (shandong.publication / "bulletin.html").read_text(encoding="utf-8")
    assert "山东省" in page and "济南" in page
    assert not [name for name in GUIZHOU[1:] if name in page]
    assert json.loads((shandong.publication / "release.json").read_text(encoding="utf-8"))["synthetic"] is True
    for name in ("bulletin.docx", "bulletin.xlsx"):
        assert (shandong.publication / name).stat().st_size > 10_000


def test_the_served_database_is_of_that_province(shandong: Ran) -> None:
    served = shandong.home / "serving" / "medical_insurance.duckdb"
    assert query(served, "select distinct left(region_code, 2) from indicator_value") == [("37",)]
    assert query(served, "select region_name from dim_region where region_code = '370100'") == [("济南市",)]
