"""A year of which only January's settlements have landed: its flows are told, its 31 December is not."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from dagster_project.checks import run_stage
from dagster_project.checks.model import CheckResult
from tests.conftest import SampleHome, copy_of
from tests.warehouse_api import build_home, query, settings_of

NEW_YEAR = 2026


@pytest.fixture(scope="module")
def january(sample_home: SampleHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample to the end of 2025 with one more batch: the settlements of January 2025 a year later."""
    home = copy_of(sample_home, tmp_path_factory.mktemp("january") / "home")
    (source,) = (sample_home.home / "landing").rglob("setl_d_202501.parquet")
    batch = home / "landing" / "b202601"
    batch.mkdir(parents=True)
    later = ", ".join(
        f"cast({column}::timestamp + interval 1 year as timestamp) as {column}"
        for column in ("setl_time", "begndate", "enddate", "updt_time", "crte_time")
    )
    new = ", ".join(f"{column} || 'J' as {column}" for column in ("setl_id", "mdtrt_id"))
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select * replace ({later}, {new}, init_setl_id || 'J' as init_setl_id) from '{source}') "
            f"to '{batch / 'setl_d_202601.parquet'}' (format parquet)"
        )
    told = {"synthetic": True, "extracted_at": "2026-02-05T00:00:00", "files": [{"file": "setl_d_202601.parquet"}]}
    (batch / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
    report = build_home(home, sample_home.key)
    assert [file.status for file in report.files] == ["loaded"], report.files
    return home


def checks(home: Path) -> dict[str, CheckResult]:
    return {result.check_name: result for result in run_stage(settings_of(home), "indicator", "january")}


def test_L27_a_year_that_has_only_begun_does_not_stop_the_run(january: Path) -> None:
    results = checks(january)
    assert [name for name, result in results.items() if result.blocking] == []
    assert results["group_vanished"].status == "pass"


def test_L27_its_stock_is_not_computable_and_its_flows_are_provisional(january: Path) -> None:
    found = query(
        january / "warehouse.duckdb",
        "select indicator_id, status, numerator > 0, reason like '年末尚未到%' from indicator.indicator_value "
        "where year = $1 and region_level = 'province' and month is null and period_kind = 'year' and indicator_id in "
        "('employee_insured', 'employee_active', 'insured_total', 'coverage_rate', 'resident_outpatient_visits') "
        "and other_dimension = 'total' and member_status = 'total' and visit_type = 'total' and travel_class = 'total' "
        "and hospital_tier = 'total' order by all",
        [NEW_YEAR],
    )
    stock = ("coverage_rate", "employee_active", "employee_insured", "insured_total")
    assert found == [(name, "not_computable", None, True) for name in stock] + [
        ("resident_outpatient_visits", "provisional", True, None)
    ]
    assert query(january / "warehouse.duckdb", "select max(year) from indicator.labelled_enrolment") == [(2025,)]


def test_L27_a_group_that_is_missing_from_a_whole_year_still_stops_the_run(january: Path) -> None:
    with duckdb.connect(str(january / "warehouse.duckdb")) as connection:
        connection.execute("begin")
        connection.execute(
            "update indicator.indicator_value set numerator = 0, value = 0 where year = 2025 and "
            "indicator_id = 'employee_insured' and region_level = 'prefecture'"
        )
        connection.execute("commit")
    assert checks(january)["group_vanished"].status == "fail"
