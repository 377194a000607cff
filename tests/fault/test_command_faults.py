"""Commands beside intake stopped before and after each durable step: the next call ends in the same state."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from dagster_project import dbt_parse, durable, progress, run, run_lock, stages
from dagster_project.checks import STAGES, read_results, run_stage
from dagster_project.checks.page import render_checks_page
from dagster_project.contracts import write_request_sheet
from dagster_project.errors import ExitCode
from dagster_project.ingest import mark_built, prepare_warehouse
from dagster_project.ingest.store import SCHEMA_KEY, SCHEMA_VERSION, get_meta
from dagster_project.sample import write_sample
from dagster_project.settings import Settings
from dagster_project.verbs import making
from dagster_project.warehouse import connect
from tests.fail_points import SIDES, kill_at
from tests.unit.checks_home import RUN_ID, whole_home

DRIVES_SAMPLE = ("sample.clear", "sample.move")
DRIVES_REQUEST = ("request.rename_workbook", "request.rename_sql")
DRIVES_CHECKS = ("checks.landing.commit", "checks.core.commit", "checks.indicator.commit", "checks.publication.commit")
DRIVES_PAGE = ("checks.page.rename",)
DRIVES_PARSE = ("dbt.keep_parsed",)
DRIVES_PROGRESS = ("progress.seconds",)
DRIVES_WORK = ("warehouse.clear_work",)
DRIVES_SCHEMA = ("warehouse.note_schema",)
DRIVES_LEFT = ("run.end_left",)
DRIVES_MONTHS = ("run.touched_months", "ingest.take_back_months")


def contents(folder: Path) -> dict[str, str]:
    """Hash by path of everything below a folder, hidden files too."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(autouse=True)
def _still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BULLETIN_NOW", "2026-03-01T00:00:00+00:00")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Two whole samples by seed."""
    made = {}
    for seed in (7, 8):
        made[seed] = tmp_path_factory.mktemp("samples") / "home"
        write_sample(made[seed] / "landing", scale=0.0001, years=(2025,), seed=seed)
    return made


@pytest.fixture
def _one_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dbt project of a single model in the place of ours: whoever asks what becomes of a parse need not wait for all of it."""
    project = tmp_path / "dbt"
    (project / "models").mkdir(parents=True)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copyfile(dbt_parse.DBT_PROJECT / name, project / name)
    (project / "models" / "one.sql").write_text("select 1 as one\n", encoding="utf-8")
    monkeypatch.setattr(dbt_parse, "DBT_PROJECT", project)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.usefixtures("_one_model")
def test_a_parse_that_is_stopped_is_made_anew(side: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt_parse, "SHELF", tmp_path / "target")
    monkeypatch.setattr(dbt_parse, "_parsed", {})
    settings = Settings(home=tmp_path / "home")
    kill_at(*DRIVES_PARSE, side, lambda: dbt_parse.parse(settings))
    nodes = dbt_parse.manifest(settings)["nodes"]
    assert nodes.keys() == dbt_parse.parse(settings).nodes.keys()
    (folder,) = (tmp_path / "target").glob(f"{dbt_parse.PREFIX}*")
    (folder / dbt_parse.JSON).write_text('{"nodes": {}}', encoding="utf-8")
    assert dbt_parse.manifest(settings)["nodes"] == {}, "the same files are parsed once"
    monkeypatch.setattr(dbt_parse, "project_fingerprint", lambda: "of other files")
    assert dbt_parse.manifest(settings)["nodes"].keys() == nodes.keys()
    assert not settings.home.exists(), "the parse is no home's"


@pytest.mark.usefixtures("_one_model")
def test_a_read_only_project_is_parsed_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt_parse, "SHELF", tmp_path / "target")
    denied = SimpleNamespace(access=lambda *_: False, W_OK=os.W_OK, getpid=os.getpid, environ=os.environ)
    monkeypatch.setattr(dbt_parse, "os", denied)
    settings = Settings(home=tmp_path / "home")
    assert dbt_parse.manifest(settings)["nodes"]
    assert not (tmp_path / "target").exists()


def sample_again(home: Path) -> ExitCode:
    """`bulletin sample` into a home's landing folder."""
    return making.sample(Settings(home=home), home / "landing", 0.0001, ["2025"], 7)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", DRIVES_SAMPLE)
def test_a_stopped_sample_is_written_again(tmp_path: Path, samples: dict[int, Path], step: str, side: str) -> None:
    home = Path(shutil.copytree(samples[8], tmp_path / "home"))
    kill_at(step, side, lambda: sample_again(home))
    is_whole = contents(home) in (contents(samples[7]), contents(samples[8]))
    assert is_whole or not (home / "landing" / "synthetic.json").exists(), "the marker stands for a whole sample"
    assert sample_again(home) == ExitCode.DONE
    assert contents(home) == contents(samples[7])


@pytest.mark.parametrize("half", ["cleared", "moved"])
def test_a_sample_stopped_within_a_step_is_written_again(tmp_path: Path, samples: dict[int, Path], half: str) -> None:
    home = Path(shutil.copytree(samples[8], tmp_path / "home"))
    landing, aside = home / "landing", home / "landing" / ".partial"
    (landing / "synthetic.json").unlink()
    (home / "truth.json").unlink()
    aside.mkdir()
    for batch in sorted(landing.glob("b*"))[::2]:
        batch.rename(aside / batch.name)
        if half == "cleared":
            (aside / batch.name / "manifest.json").unlink()
    assert sample_again(home) == ExitCode.DONE
    assert contents(home) == contents(samples[7])


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", DRIVES_REQUEST)
def test_a_stopped_request_sheet_is_written_again(tmp_path: Path, step: str, side: str) -> None:
    write_request_sheet(tmp_path / "whole", [2025])
    write_request_sheet(tmp_path / "stopped", [2024])
    older = contents(tmp_path / "stopped")
    kill_at(step, side, lambda: write_request_sheet(tmp_path / "stopped", [2025]))
    found, whole = contents(tmp_path / "stopped"), contents(tmp_path / "whole")
    assert all(found[name] in (older[name], whole[name]) for name in whole), "each file is the older or the newer one"
    write_request_sheet(tmp_path / "stopped", [2025])
    assert contents(tmp_path / "stopped") == whole


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that passes every check."""
    home = tmp_path_factory.mktemp("checked") / "home"
    whole_home(home)
    return home


@pytest.fixture
def home(checked: Path, tmp_path: Path) -> Iterator[Settings]:
    """A copy of it."""
    yield Settings(home=Path(shutil.copytree(checked, tmp_path / "home")), threads=1)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", DRIVES_CHECKS)
def test_stopped_checks_are_judged_again(home: Settings, step: str, side: str) -> None:
    stage = step.split(".")[1]
    assert stage in STAGES
    expected = run_stage(home, stage, "undisturbed")  # type: ignore[arg-type]
    kill_at(step, side, lambda: run_stage(home, stage, RUN_ID))  # type: ignore[arg-type,return-value]
    with connect(home) as connection:
        assert len(read_results(connection, RUN_ID)) == (0 if side == "before" else len(expected)), "all or none"
    run_stage(home, stage, RUN_ID)  # type: ignore[arg-type]
    with connect(home) as connection:
        found, wanted = read_results(connection, RUN_ID), read_results(connection, "undisturbed")
    assert [(r.check_name, r.status, r.unexpected, r.total) for r in found] == [
        (r.check_name, r.status, r.unexpected, r.total) for r in wanted
    ]


def test_a_full_disk_is_not_hidden_behind_a_transaction_that_has_ended(home: Settings) -> None:
    """As when the engine finds the disk full at a commit: it has ended the transaction by then, and there is nothing to take back."""

    def full(step: str, side: str) -> None:
        if (step, side) == ("checks.landing.commit", "after"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    durable.set_hook(full)
    try:
        with pytest.raises(OSError, match="No space left"):
            run_stage(home, "landing", RUN_ID)
    finally:
        durable.set_hook(None)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", DRIVES_PAGE)
def test_a_stopped_page_of_checks_is_made_again(home: Settings, step: str, side: str) -> None:
    run_stage(home, "landing", RUN_ID)
    page = home.home / "checks.html"
    expected = render_checks_page(home, home.home / "undisturbed.html").read_bytes()
    page.write_text("older", encoding="utf-8")
    kill_at(step, side, lambda: render_checks_page(home, page))
    assert page.read_bytes() == (b"older" if side == "before" else expected)
    render_checks_page(home, page)
    assert page.read_bytes() == expected and not list(home.home.glob("*.part"))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", DRIVES_PROGRESS)
def test_stopped_notes_of_seconds_are_made_again(tmp_path: Path, step: str, side: str) -> None:
    settings = Settings(home=tmp_path)
    progress.remember(settings, "core", 1.0)
    kill_at(step, side, lambda: progress.remember(settings, "core", 2.0))
    assert progress.measured(settings)["core"].seconds == (1.0 if side == "before" else 2.0)
    progress.remember(settings, "core", 3.0)
    assert progress.measured(settings)["core"].seconds == 3.0
    assert [path.name for path in (tmp_path / "logs").iterdir()] == ["stage_seconds.json"]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", DRIVES_WORK)
def test_what_the_engine_of_a_killed_run_left_is_gone_after_the_next_begins(
    tmp_path: Path, step: str, side: str
) -> None:
    settings = Settings(home=tmp_path)
    left = [settings.work / "duckdb_temp_storage_DEFAULT-0.tmp", settings.work / "aside" / "duckdb_temp_block-7.block"]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"what did not fit into memory")
    mine = settings.work / "somebody's file"
    mine.write_text("stays", encoding="utf-8")
    kill_at(step, side, lambda: run.begin(settings, "first", "a test"))
    run_lock.release(settings)  # as the system does for a process that is gone
    run.begin(settings, "second", "a test")
    run.finish(settings, "second", "done")
    assert not [path for path in left if path.exists()]
    assert mine.exists()


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", DRIVES_SCHEMA)
def test_a_home_stopped_in_its_first_moment_is_a_home_to_the_next_run(tmp_path: Path, step: str, side: str) -> None:
    settings = Settings(home=tmp_path)
    kill_at(step, side, lambda: run.begin(settings, "first", "a test"))
    run_lock.release(settings)
    run.begin(settings, "second", "a test")
    run.finish(settings, "second", "done")
    with connect(settings) as connection:
        assert connection.execute("select run_id, status from ops.run").fetchall() == [("second", "done")]
        assert get_meta(connection, SCHEMA_KEY) == str(SCHEMA_VERSION)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", DRIVES_LEFT)
def test_a_run_that_was_killed_is_noted_though_the_noting_is_stopped(tmp_path: Path, step: str, side: str) -> None:
    settings = Settings(home=tmp_path)
    run.begin(settings, "killed", "a test")
    run_lock.release(settings)  # as the system does for a process that is gone
    kill_at(step, side, lambda: run.begin(settings, "stopped", "a test"))
    run_lock.release(settings)
    run.begin(settings, "next", "a test")
    run.finish(settings, "next", "done")
    run.take_notices()
    with connect(settings) as connection:
        told = dict(connection.execute("select run_id, status from ops.run").fetchall())
    assert told == {"killed": "interrupted", "next": "done"}


def due(settings: Settings) -> list[int]:
    """Months that the next build takes."""
    with connect(settings) as connection:
        rows = connection.execute("select settlement_month from ops.touched_month order by 1").fetchall()
    return [int(row[0]) for row in rows]


def rebuild(settings: Settings, fails: bool = False) -> None:
    """A rebuild of one month, as the month job does it."""
    with stages.only_months_touched(settings, [202402]):
        assert due(settings) == [202402]
        if fails:
            raise RuntimeError


@pytest.fixture
def months(tmp_path: Path) -> Settings:
    """A home in which two months are due."""
    settings = Settings(home=tmp_path / "months", key_file=tmp_path / "key", threads=1)
    with connect(settings) as connection:
        prepare_warehouse(connection)
        connection.execute("insert into ops.touched_month values (202401), (202403)")
    return settings


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", DRIVES_MONTHS)
def test_a_stopped_rebuild_of_a_month_loses_no_due_month(months: Settings, step: str, side: str) -> None:
    # In a killed process nothing gives the months back on the way out: not before the next run begins.
    with pytest.MonkeyPatch.context() as patched:
        if step == "run.touched_months":
            patched.setattr("dagster_project.ingest.take_back_months", lambda *_: None)
        kill_at(step, side, lambda: rebuild(months))
    run.begin(months, "next", "test")
    run.finish(months, "next", "done")
    assert set(due(months)) >= {202401, 202403}
    rebuild(months)
    assert due(months) == sorted({202401, 202403} | set(due(months)))
    with connect(months) as connection:
        mark_built(connection)
    assert due(months) == []


def test_a_failed_rebuild_of_a_month_leaves_it_due(months: Settings) -> None:
    with pytest.raises(RuntimeError):
        rebuild(months, fails=True)
    assert due(months) == [202401, 202402, 202403]
    rebuild(months)
    assert due(months) == [202401, 202402, 202403], "what was due before the rebuild is due after it"
