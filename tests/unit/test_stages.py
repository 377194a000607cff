"""When a build takes everything again without being told to, and what a stage leaves behind for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dagster_project import dbt_build, dbt_parse, progress, stages
from dagster_project.ingest import prepare_warehouse
from dagster_project.settings import Settings
from dagster_project.warehouse import connect


class Told(progress.Reporter):
    """What a stage says when it has finished."""

    detail = ""

    def finished(self, stage: str, seconds: float, detail: str) -> None:
        self.detail = detail


def test_changed_models_rebuild_everything_until_a_whole_build_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path, language="en")
    asked: list[bool] = []
    told = Told()

    def build(
        _settings: Settings, _select: str, full_refresh: bool, on_node: object, with_tests: bool
    ) -> list[dbt_build.NodeResult]:
        assert with_tests
        asked.append(full_refresh)
        return []

    def built(whole: bool) -> tuple[bool, bool]:
        with progress.stage(settings, "core"):
            stages.build_models(settings, stages.CORE)
        if whole:
            stages.mark_cubes_built(settings)
        return asked[-1], "full refresh" in told.detail

    monkeypatch.setattr(dbt_parse, "manifest", lambda _settings: {"nodes": {}, "sources": {}})
    monkeypatch.setattr(dbt_build, "build", build)
    monkeypatch.setattr(progress, "_reporter", told)
    with connect(settings) as connection:
        prepare_warehouse(connection)
        connection.execute("insert into ops.load (load_id) values (1)")
    assert built(whole=True) == (True, False)  # a first build is whole anyway and needs no words
    assert built(whole=True) == (False, False)
    monkeypatch.setattr(dbt_parse, "models_fingerprint", lambda: "another")
    assert built(whole=False) == (True, True)
    assert built(whole=True) == (True, True)
    assert built(whole=True) == (False, False)


def test_models_and_macros_count_as_text_and_seeds_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("models/core/fact.sql", "macros/months.sql", "seeds/code_set.csv", "dbt_project.yml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("before", encoding="utf-8")
    monkeypatch.setattr(dbt_parse, "DBT_PROJECT", tmp_path)
    before = dbt_parse.models_fingerprint()
    (tmp_path / "seeds/code_set.csv").write_text("after", encoding="utf-8")
    (tmp_path / "models/core/fact.sql").touch()
    assert dbt_parse.models_fingerprint() == before
    (tmp_path / "macros/months.sql").write_text("after", encoding="utf-8")
    assert dbt_parse.models_fingerprint() != before


def test_each_stage_leaves_a_line_that_programs_can_read(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, language="en")
    for name in ("core", "serving"):
        with progress.stage(settings, name):
            pass
    lines = [json.loads(line) for line in (tmp_path / "logs" / "stages.jsonl").read_text().splitlines()]
    assert [line["stage"] for line in lines] == ["core", "serving"]
    assert lines[0]["ended"] <= lines[1]["ended"]
    assert all(0 <= line["seconds"] < 5 for line in lines)


def test_a_stage_with_nothing_to_do_is_no_measure_of_the_next_run(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    progress.remember(settings, "core", 60.0)
    with progress.stage(settings, "core"):
        progress.pass_over("nothing has changed")
    assert progress.measured(settings)["core"].seconds == 60.0
    with progress.stage(settings, "core"):
        progress.conclude("46 models")
    assert progress.measured(settings)["core"].seconds < 60.0
