"""What moves under a run: files that change or vanish while they are read, folders without rights, a clock that goes back."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dagster_project import run, settings
from dagster_project.errors import ExitCode, UserError
from dagster_project.ingest import discover, ingest_landing, taking
from dagster_project.verbs import running
from tests.intake_world import Home, rows


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home", threads=2)
    made.put_rows("setl_d_0.csv", rows("setl_d", 2))
    made.run()
    return made


def grow(path: Path) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(path.read_text(encoding="utf-8").splitlines()[1] + "\n")


def same_size(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace("100.00", "200.00"), encoding="utf-8")
    os.utime(path, ns=(1, 1))


CHANGES: list[tuple[Callable[[Path], Any], str, str]] = [
    (grow, "after", "still being copied"),
    (same_size, "after", "still being copied"),
    (lambda path: os.truncate(path, path.stat().st_size // 2), "before", "still being copied"),
    (Path.unlink, "before", "taken away"),
    (Path.unlink, "after", "taken away"),
]


@pytest.mark.parametrize(("change", "when", "said"), CHANGES)
def test_a_file_that_changes_while_it_is_read_is_left_to_the_next_run(
    home: Home, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], Any], when: str, said: str
) -> None:
    path = home.put_rows("setl_d_1.csv", rows("setl_d", 3, start=10))
    home.put_rows("setl_d_2.csv", rows("setl_d", 3, start=20))
    content, real = path.read_bytes(), taking.prepare

    def prepare(connection: Any, file: Any, *others: Any) -> Any:
        mine = file.path == path
        if mine and when == "before":
            change(path)
        prepared = real(connection, file, *others)
        if mine and when == "after":
            change(path)
        return prepared

    with monkeypatch.context() as patched:
        patched.setattr(taking, "prepare", prepare)
        report = home.run()
    found = {file.source_file: file for file in report.files}
    assert found["setl_d_1.csv"].status == "refused" and said in str(found["setl_d_1.csv"].reason)
    assert found["setl_d_2.csv"].status == "loaded" and report.exit_code == ExitCode.PARTLY
    assert home.value("select count(*) from raw.setl_d") == 5
    path.write_bytes(content)
    assert {file.source_file: file.status for file in home.run().files}["setl_d_1.csv"] == "loaded"
    assert home.value("select count(*) from raw.setl_d") == 8


def test_a_file_that_vanishes_before_it_is_opened_is_said(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = home.put_rows("setl_d_1.csv", rows("setl_d", 3, start=10))
    real = taking.check_readable

    def gone(file: Any) -> None:
        real(file)
        if file.path == path:
            path.unlink()

    monkeypatch.setattr(taking, "check_readable", gone)
    assert "taken away" in home.reasons()["setl_d_1.csv"]


def test_a_folder_that_may_not_be_read_is_said(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.put_rows("b1/setl_d_1.csv", rows("setl_d", 3, start=10))
    closed = home.landing / "b1"
    access = SimpleNamespace(access=lambda path, _: Path(path) != closed, R_OK=os.R_OK, X_OK=os.X_OK)
    with monkeypatch.context() as patched:
        patched.setattr(discover, "os", access)
        reasons = home.reasons()
    assert "no right to read" in reasons["b1"] and "b1/setl_d_1.csv" not in reasons
    access = SimpleNamespace(access=lambda *_: False, R_OK=os.R_OK, X_OK=os.X_OK)
    with monkeypatch.context() as patched:
        patched.setattr(running, "os", access)
        with pytest.raises(UserError) as refused:
            running.require_home(home.settings)
    assert refused.value.code == ExitCode.BROKEN_INSTALLATION and str(home.landing) in refused.value.where


def take_in(home: Home, moment: str, name: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A run at a moment; what it says of the clock."""
    monkeypatch.setenv("BULLETIN_NOW", moment)
    run.begin(home.settings, name, "test")
    said = [notice.en for notice in run.take_notices()]
    ingest_landing(home.settings, name)
    run.finish(home.settings, name, "done")
    return said


def test_a_clock_that_has_gone_back_changes_neither_order_nor_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = ("2026-03-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00", "2026-03-01T00:00:30+00:00")
    states = []
    for last in moments:
        home = Home(tmp_path / last[:19].replace(":", ""), key=tmp_path / "one.key")
        home.put_rows("setl_d_1.csv", rows("setl_d", 4, medfee_sumamt="100.00"))
        home.put("setl_d_2.csv", "")
        assert take_in(home, moments[0], "first", monkeypatch) == []
        home.put_rows("setl_d_2.csv", rows("setl_d", 2, updt_time="2024-02-01 00:00:00"))
        home.put_rows("setl_d_3.csv", rows("setl_d", 2, start=30))
        said = take_in(home, last, "second", monkeypatch)
        assert bool(said) == (last == moments[1])
        if said:
            assert "2026-03-01 08:00" in said[0] and "put back" in said[0]
            assert take_in(home, last, "third", monkeypatch), "as long as it is behind"
        newest = "select source_file, status from ops.file qualify row_number() over (partition by source_file order by seen_at desc, status) = 1"
        states.append((
            [(name, status == "refused") for name, status in sorted(home.query(newest))],
            home.query("select s.load_id, s.source_row, s.by_load_id, s.by_source_row from ops.superseded as s order by all"),
            home.query("select load_id from ops.load order by loaded_at, load_id"),
        ))  # fmt: skip
        assert home.value("select min(finished_at >= started_at) from ops.run")
    assert states[0] == states[1] == states[2]
    assert not any(refused for _, refused in states[1][0])
    monkeypatch.setenv("BULLETIN_NOW", moments[0])
    other = Home(tmp_path / "other")
    run.begin(other.settings, "one", "test")
    assert settings.now() == settings.clock(), "another home has the clock as it is"
    run.finish(other.settings, "one", "done")
