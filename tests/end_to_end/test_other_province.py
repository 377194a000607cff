"""Nothing in the code knows Guizhou: another province, with other prefectures and pooling of its own, runs from end to end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests import truth_cells
from tests.conftest import OTHER_PROVINCE as PROVINCE
from tests.conftest import OTHER_YEAR as YEAR
from tests.conftest import POOLED_FROM, SampleHome
from tests.second_route import second_route
from tests.truth import expected_indicators
from tests.truth_persons import expected_uses
from tests.warehouse_api import compare, headline_frame, query

GUIZHOU = ("52", "贵州", "Guizhou")
OUT_OF_AREA = ("outarea_visits", "outarea_expense")


def publication(shandong: SampleHome) -> Path:
    """The folder of the draft."""
    (descriptor,) = (shandong.home / "publication" / str(YEAR)).glob("*/release.json")
    return descriptor.parent


def test_dagster_s_own_command_runs_the_whole_job_and_its_checks_pass(shandong: SampleHome) -> None:
    assert shandong.run.code == 0, shandong.run.text
    assert query(shandong.warehouse, "select command, status from ops.run") == [("dagster:bulletin", "done")]
    found = query(
        shandong.warehouse,
        "select stage, count(*) filter (where status in ('fail', 'error')), count(*) filter (where status = 'pass') "
        "from ops.check_result group by all",
    )
    assert {stage for stage, _, _ in found} == {"landing", "core", "indicator", "publication"}
    assert all(bad == 0 and passed > 0 for _, bad, passed in found), found


def test_regions_come_from_the_landed_tables(shandong: SampleHome) -> None:
    regions = {
        row[0] for row in query(shandong.warehouse, "select distinct region_code from indicator.indicator_value")
    }
    assert PROVINCE in regions and "370100" in regions
    assert all(region.startswith("37") for region in regions)


def _expected(shandong: SampleHome, pooled_from: str) -> pl.DataFrame:
    """What follows from the truth when the province is one pool from a day on."""
    with pytest.MonkeyPatch.context() as patch:
        month = int(pooled_from[:4] + pooled_from[5:7])
        patch.setitem(truth_cells.POOLED_AT_PROVINCE_FROM, PROVINCE, month)
        return expected_indicators(shandong.truth)


def _out_of_area(frame: pl.DataFrame) -> dict[tuple[str, str], Any]:
    """Numerators of the figures that pooling decides, by indicator and region."""
    rows = frame.filter(pl.col("indicator_id").is_in(OUT_OF_AREA), pl.col("year") == YEAR)
    return {(row["indicator_id"], row["region_code"]): row["numerator"] for row in rows.to_dicts()}


def test_all_three_routes_agree(shandong: SampleHome) -> None:
    expected = _expected(shandong, POOLED_FROM)
    found = headline_frame(shandong.warehouse)
    pooled = {PROVINCE: POOLED_FROM}
    second = second_route(shandong.landing, [YEAR], PROVINCE, pooled_at_province=pooled).frame
    assert not (wrong := compare(expected, second)), "\n".join(wrong[:40])
    assert not (wrong := compare(expected, found)), "\n".join(wrong[:40])


def test_L49_figures_of_this_province_s_own_series_are_computed_here(shandong: SampleHome) -> None:
    own = expected_uses(shandong.truth).filter(pl.col("indicator_id").str.starts_with("sd_"))
    assert own["indicator_id"].n_unique() == 2 and own["numerator"].sum() > 0
    assert not (wrong := compare(own, headline_frame(shandong.warehouse))), "\n".join(wrong[:40])


def test_care_out_of_area_follows_the_pooling_of_the_home_s_own_file(shandong: SampleHome) -> None:
    found = _out_of_area(headline_frame(shandong.warehouse))
    july, december, never = (
        _out_of_area(_expected(shandong, day)) for day in (POOLED_FROM, "2024-12-01", "2999-01-01")
    )
    assert found == july
    for name in OUT_OF_AREA:
        whole = (name, PROVINCE)
        assert 0 < july[whole] < december[whole] < never[whole], "else the test would not tell the dates apart"


def test_the_bulletin_is_of_that_province(shandong: SampleHome) -> None:
    page = (publication(shandong) / "bulletin.html").read_text(encoding="utf-8")
    assert "山东省" in page and "济南" in page
    assert not [name for name in GUIZHOU[1:] if name in page]
    assert json.loads((publication(shandong) / "release.json").read_text(encoding="utf-8"))["synthetic"] is True
    for name in ("bulletin.docx", "bulletin.xlsx"):
        assert (publication(shandong) / name).stat().st_size > 10_000


def test_the_served_database_is_of_that_province(shandong: SampleHome) -> None:
    served = shandong.home / "serving" / "medical_insurance.duckdb"
    assert query(served, "select distinct left(region_code, 2) from indicator_value") == [("37",)]
    assert query(served, "select region_name from dim_region where region_code = '370100'") == [("济南市",)]
