"""A draft stands among the publications only when nothing blocking was found in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project import drafts, gate, run
from dagster_project.errors import ExitCode, UserError
from dagster_project.settings import Settings
from tests.conftest import SampleHome, copy_of
from tests.warehouse_api import settings_of

YEAR = 2025
RUN_ID = "another-run"


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def made(settings: Settings) -> Path:
    """Make the draft; it lies aside."""
    (folder,) = drafts.publish(settings, [YEAR], RUN_ID)
    assert folder.is_relative_to(settings.unchecked)
    return folder


def test_a_blocked_draft_stays_aside_and_one_that_passed_takes_its_place(
    sample_home: SampleHome, tmp_path: Path
) -> None:
    settings = settings_of(copy_of(sample_home, tmp_path / "home"), sample_home.key)
    (place,) = (settings.publication / str(YEAR)).iterdir()
    before = contents(place)

    with (made(settings) / "bulletin.html").open("a", encoding="utf-8") as page:
        page.write("<p>later</p>")
    with pytest.raises(UserError) as blocked:
        gate.run_gate(settings, "publication", RUN_ID)
    assert blocked.value.code == ExitCode.PARTLY
    assert contents(place) == before, "the draft of the earlier run stays until there is a better one"
    assert run.folders_of_run(settings, RUN_ID) == []
    (waiting,) = settings.unchecked.glob("*/*")
    assert (waiting / "checks.html").exists(), "what was found stands beside what it was found in"

    assert drafts.place_of(settings, made(settings)) == place
    gate.run_gate(settings, "publication", RUN_ID)
    assert run.folders_of_run(settings, RUN_ID) == [place]
    assert set(contents(place)) == set(before) and contents(place) != before
    assert not settings.unchecked.exists()
