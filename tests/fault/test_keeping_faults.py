"""Backup and restore stopped before and after each durable step: there is a whole one or none, and the next call makes it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dagster_project import run_lock
from dagster_project.keeping.backup import MANIFEST, backup
from dagster_project.keeping.restore import restore
from dagster_project.settings import Settings
from tests.fail_points import SIDES, kill_at
from tests.fault.test_command_faults import contents
from tests.intake_world import Home, rows

DRIVES_BACKUP = ("backup.rename",)
DRIVES_RESTORE = ("restore.rename",)
DRIVES_CLEARING = ("keeping.clear",)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with one file taken in."""
    made = Home(tmp_path_factory.mktemp("kept") / "home")
    made.put_rows("setl_d_1.csv", rows("setl_d", 3))
    made.run()
    return made.settings


def whole(folder: Path) -> list[Path]:
    """Finished backups."""
    return [path.parent for path in folder.glob("*/" + MANIFEST) if not path.parent.name.startswith(".")]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", DRIVES_BACKUP)
def test_a_stopped_backup_is_whole_or_none(home: Settings, tmp_path: Path, step: str, side: str) -> None:
    kill_at(step, side, lambda: backup(home, tmp_path / "disk"))
    run_lock.release(home)
    assert len(whole(tmp_path / "disk")) == (side == "after")
    made = backup(home, tmp_path / "disk").folder
    assert made in whole(tmp_path / "disk") and not list((tmp_path / "disk").glob(".*.part"))
    restore(replace(home, home=tmp_path / "elsewhere"), made)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", DRIVES_RESTORE)
def test_a_stopped_restore_is_whole_or_none(home: Settings, tmp_path: Path, step: str, side: str) -> None:
    made = backup(home, tmp_path / "disk").folder
    other = replace(home, home=tmp_path / "elsewhere")
    kill_at(step, side, lambda: restore(other, made))
    expected = {path: digest for path, digest in contents(made).items() if path != MANIFEST}
    assert (contents(other.home) if other.home.exists() else {}) == (expected if side == "after" else {})
    if side == "before":
        restore(other, made)
    assert contents(other.home).keys() == expected.keys()
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", DRIVES_CLEARING)
def test_a_clearing_that_is_stopped_itself_is_made_good(home: Settings, tmp_path: Path, step: str, side: str) -> None:
    kill_at("backup.rename", "before", lambda: backup(home, tmp_path / "disk"))
    run_lock.release(home)
    kill_at(step, side, lambda: backup(home, tmp_path / "disk"))
    run_lock.release(home)
    backup(home, tmp_path / "disk")
    assert len(whole(tmp_path / "disk")) == 1 and len(list((tmp_path / "disk").iterdir())) == 1
