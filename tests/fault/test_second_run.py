"""A second process beside the first: whatever it is asked to write, it says who is at work and changes nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from dagster_project import run_lock
from dagster_project.errors import ExitCode
from dagster_project.settings import Settings
from dagster_project.verbs import codes, deliveries, desk, keeping, making, quarantine, running, waivers
from dagster_project.verbs.guard import guarded
from dagster_project.warehouse import connect
from tests.fault.test_command_faults import contents
from tests.intake_world import Home, row, rows

VERBS: dict[str, Callable[[Settings], ExitCode]] = {
    "run": lambda home: running.run_job(home, [], False),
    "ingest": running.ingest,
    "build": lambda home: running.build(home, False),
    "check": lambda home: running.check(home, []),
    "unload": lambda home: desk.unload(home, "setl_d_1.csv", "x", "y", back=False, build=False),
    "manifest confirm": lambda home: deliveries.manifest(home, "confirm", ".", "王敏"),
    "deliveries": lambda home: deliveries.deliveries(home, None, None, None),
    "quarantine --take": lambda home: quarantine.take(home, home.home / "held.xlsx", False),
    "codes map": lambda home: codes.map_code(home, "insutype", "888", "310", "王敏", "", build=False),
    "codes reread": lambda home: codes.reread(home, build=False),
    "waive": lambda home: waivers.waive(home, "code_unknown", "", "", "x", "y", date(2030, 1, 1)),
    "export": lambda home: making.export(home, [], None),
    "freeze": lambda home: making.freeze(home, 2024, "quick_report", ""),
    "serve": making.serve,
    "backup": lambda home: keeping.backup(home, home.home.parent / "disk", False),
}


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A home on which somebody else is at work, with rows that are held and a workbook of them."""
    if sys.platform == "win32":
        pytest.skip("one process cannot stand for two there")
    import fcntl

    home = Home(tmp_path_factory.mktemp("second") / "home")
    home.put_rows("setl_d_1.csv", [*rows("setl_d", 3), row("setl_d", 4, insutype="888")])
    home.run()
    quarantine.show(home.settings, None, home.settings.home / "held.xlsx", False)
    home.put_rows("setl_d_2.csv", rows("setl_d", 2, start=20))
    with (home.settings.home / "run.lock").open("a+") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.truncate(0)
        stream.write("4242")
        stream.flush()
        yield home.settings


@pytest.mark.parametrize("name", VERBS)
def test_whoever_comes_second_is_told_and_changes_nothing(
    busy: Settings, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    before = contents(busy.home)
    assert guarded(busy, lambda: VERBS[name](busy)) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert "正在运行另一个任务" in said and "4242" in said and "等它结束后重试" in said
    assert contents(busy.home) == before and not (busy.home.parent / "disk").exists()


def test_whoever_only_asks_is_answered(busy: Settings) -> None:
    assert guarded(busy, lambda: codes.show(busy)) == ExitCode.DONE
    assert guarded(busy, lambda: quarantine.show(busy, None, None, False)) == ExitCode.DONE
    with connect(busy) as connection:
        assert connection.execute("select count(*) from ops.load").fetchall() == [(1,)]


def test_the_lock_goes_with_the_process(tmp_path: Path) -> None:
    """Nobody has to clear away the number of a process that is gone."""
    settings = Settings(home=tmp_path)
    (tmp_path / "run.lock").write_text(str(os.getpid() + 1), encoding="ascii")
    assert run_lock.was_left(settings)
    run_lock.hold(settings)
    run_lock.release(settings)
    assert not run_lock.was_left(settings)
