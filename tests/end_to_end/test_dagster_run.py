"""Running the job: the same numbers however it is started, gates that stay shut, assets that must be made, re-runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dagster_project import dbt_build, run_lock
from dagster_project.errors import ExitCode, UserError
from tests.conftest import SampleHome, copy_of
from tests.rulings.landed import make_world
from tests.warehouse_api import bulletin, query, settings_of, sorted_csv

CASES = ["test_stay_rulings"]


def new_home(folder: Path) -> Path:
    """A landed small province, nothing taken in."""
    folder.mkdir(parents=True)
    make_world(folder, CASES)
    return folder


def key_of(home: Path) -> Path:
    """The key that `settings_of` gives a home."""
    return home.parent / f"{home.name}.key"


@pytest.fixture(scope="module")
def finished(sample_home: SampleHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished sample, so that re-runs stay out of the other tests."""
    return copy_of(sample_home, tmp_path_factory.mktemp("finished") / "home")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`execute` sets the home of the process; no test may leave it behind."""
    for name in ("BULLETIN_HOME", "DAGSTER_HOME"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
        monkeypatch.delenv(name)
    yield


def execute(home: Path, job: str = "bulletin", **options: Any) -> Any:
    """Run a job in this process."""
    from dagster_project.assets.execute import execute as execute_job

    try:
        return execute_job(settings_of(home), job, **options)
    finally:
        run_lock.release(settings_of(home))


def test_the_run_leaves_what_a_person_reads_in_the_ui(finished: Path) -> None:
    import dagster as dg

    with dg.DagsterInstance.from_config(str(finished / "dagster")) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(["raw", "setl_d"]))
        assert event is not None and event.asset_materialization is not None
        metadata = event.asset_materialization.metadata
        assert {
            "dagster/row_count",
            "隔离 quarantined",
            "入库记录 loads",
            "预览 preview",
            "各次行数 rows by load",
        } <= set(metadata)
        report = instance.get_latest_materialization_event(dg.AssetKey(["checks", "core"]))
        assert report is not None and report.asset_materialization is not None
        assert "| status |" in str(report.asset_materialization.metadata["报告 report"].value)
        assert len(instance.get_runs()) == 1
        assert instance.get_runs()[0].is_success


def test_a_run_that_must_not_go_on_stops_says_why_and_is_taken_up_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One home driven through a failed gate, a table that was not made, a failing model, and then through."""
    from dagster_project import checks

    home = new_home(tmp_path / "home")
    warehouse = home / "warehouse.duckdb"
    real_checks, real_build, built = checks.run_stage, dbt_build.build, list[dbt_build.NodeResult]()

    def strict(settings: Any, stage: Any, run_id: str) -> list[Any]:
        results = real_checks(settings, stage, run_id)
        broken = next(place for place, result in enumerate(results) if result.blocks == "run")
        results[broken] = replace(results[broken], status="fail", unexpected=1)
        return results

    def forgetful(*words: Any, **options: Any) -> list[dbt_build.NodeResult]:
        built.extend(real_build(*words, **options))
        return [result for result in built if result.name != "fct_stay"]

    def failing(*_words: Any, **_options: Any) -> list[dbt_build.NodeResult]:
        return [replace(r, status="error", message="no such column") if r.name == "fct_stay" else r for r in built]

    with monkeypatch.context() as patched:
        patched.setattr(checks, "run_stage", strict)
        gate = execute(home)
    assert not gate.success
    assert isinstance(gate.error, UserError)
    assert gate.error.code == ExitCode.PARTLY
    made = query(warehouse, "select count(*) from duckdb_tables() where schema_name in ('core', 'cube')")
    assert made == [(0,)], "core was built although a landing check had failed"
    assert (home / "checks.html").is_file()
    assert not (home / "serving").exists()

    for stand_in, said in ((forgetful, "core/fct_stay"), (failing, "no such column")):
        with monkeypatch.context() as patched:
            patched.setattr(dbt_build, "build", stand_in)
            stopped = execute(home)
        assert not stopped.success
        assert isinstance(stopped.error, UserError)
        assert stopped.error.code == ExitCode.BROKEN_INSTALLATION
        assert said in stopped.error.where

    again = execute(home)
    assert isinstance(again.error, UserError), "the small province goes on to the checks, which find it implausible"
    assert again.error.code == ExitCode.PARTLY
    assert query(warehouse, "select count(*) > 0 from indicator.indicator_value") == [(True,)]
    assert query(warehouse, "select status, count(*) from ops.run group by all") == [("failed", 4)]


def test_a_month_and_a_year_can_be_run_again_from_their_partitions(finished: Path) -> None:
    import dagster as dg

    before = sorted_csv(finished / "warehouse.duckdb")
    due = query(finished / "warehouse.duckdb", "select * from ops.touched_month order by all")
    month = execute(finished, "rebuild_month", partition_key="2024-03")
    assert month.success, month.error
    assert query(finished / "warehouse.duckdb", "select * from ops.touched_month order by all") == due
    year = execute(finished, "publish_year", partition_key="2024")
    assert year.success, year.error
    assert sorted_csv(finished / "warehouse.duckdb") == before
    with dg.DagsterInstance.from_config(str(finished / "dagster")) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(["core", "fct_settlement"]))
        assert event is not None and event.asset_materialization is not None
        assert event.asset_materialization.metadata["rebuilt_month"].value == 202403
    assert list((finished / "publication" / "2024").glob("*_draft/bulletin.html"))
    commands = query(finished / "warehouse.duckdb", "select command, status from ops.run order by started_at, command")
    assert ("dagster:rebuild_month", "done") in commands
    assert ("dagster:publish_year", "done") in commands


def test_a_year_without_data_is_said(finished: Path) -> None:
    done = execute(finished, "publish_year", partition_key="2019")
    assert isinstance(done.error, UserError)
    assert "2019" in done.error.what.en


def test_a_killed_run_is_marked_by_the_next_one(finished: Path) -> None:
    query(
        finished / "warehouse.duckdb",
        "insert into ops.run values ('killed', 'test', timestamp '2026-01-01', null, 'running', '0')",
    )
    assert bulletin("check", "--stage", "landing", "--home", str(finished), key=key_of(finished)).code == 0
    assert query(finished / "warehouse.duckdb", "select status from ops.run where run_id = 'killed'") == [
        ("interrupted",)
    ]
