"""Publications and frozen vintages stopped before and after each durable step: the next call ends in the same state."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dagster_project import drafts
from dagster_project.bulletin import FreezeReport, freeze, make_publication, release, store
from dagster_project.errors import UserError
from dagster_project.keeping.verify import Verification, frozen_files
from dagster_project.settings import Settings
from dagster_project.warehouse import connect
from tests.bulletin_home import RUN_ID, make_home
from tests.fail_points import SIDES, both_sides, drive, kill_at

YEAR = 2025
DRIVES_PUBLICATION = (
    "publication.tables", "publication.put_away", "publication.put_in_place", "publication.remove_old",
    "publication.restore", "publication.clear",
)  # fmt: skip
DRIVES_DRAFT = ("draft.clear",)
DRIVES_FREEZE = ("publication.put_in_place", "freeze.read_only", "publication.tables")


def small_documents(patch: pytest.MonkeyPatch) -> None:
    """Hold the clock, and let one small page stand for all documents: they are not what these tests are about."""
    patch.setenv("BULLETIN_NOW", "2026-03-01T00:00:00+00:00")

    def write(target: Path, _document: object, _sources: object, vintage: str, _painters: object = None) -> None:
        (target / "tables").mkdir()
        (target / "tables" / "page.csv").write_text(vintage, encoding="utf-8")

    patch.setattr("dagster_project.bulletin.publication.write_documents", write)
    patch.setattr("dagster_project.bulletin.frozen.write_documents", write)


@pytest.fixture(autouse=True)
def _small_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    small_documents(monkeypatch)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with indicators and no publication."""
    with pytest.MonkeyPatch.context() as patch:
        small_documents(patch)
        return make_home(tmp_path_factory.mktemp("faults") / "home")


def copy_of(settings: Settings, home: Path) -> Settings:
    """A copy of a home."""
    return replace(settings, home=Path(shutil.copytree(settings.home, home)))


def publish(settings: Settings) -> None:
    """Make the draft."""
    make_publication(settings, YEAR, run_id=RUN_ID)


def state(settings: Settings) -> dict[str, Any]:
    """Every file and folder of the publications with its mode, and what the warehouse holds of them."""
    files = {
        path.relative_to(settings.publication).as_posix(): (
            path.stat().st_mode & 0o777,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in sorted(settings.publication.rglob("*"))
    }
    with connect(settings) as connection:
        tables = {
            table: connection.execute(
                f"select md5(string_agg(row::varchar, '|' order by row::varchar)) from publication.{table} as row"
            ).fetchone()
            for table in ("indicator_value", "frozen_value", "disclosure_decision")
        }
    return {"files": files, **tables}


def test_a_stopped_publication_is_made_again(tmp_path: Path, empty: Settings) -> None:
    undisturbed, stopped = copy_of(empty, tmp_path / "undisturbed"), copy_of(empty, tmp_path / "stopped")
    publish(undisturbed)
    publish(stopped)
    hit = drive(lambda: publish(stopped))
    assert hit == both_sides(DRIVES_PUBLICATION)
    assert state(stopped) == state(undisturbed)


def bring_out(settings: Settings) -> None:
    """Make the draft aside and bring it to its place, as a run does whose checks find nothing."""
    drafts.publish(settings, [YEAR], RUN_ID)
    drafts.bring_out(settings)


def test_a_draft_stopped_on_its_way_to_its_place_is_made_again(tmp_path: Path, empty: Settings) -> None:
    undisturbed, stopped = copy_of(empty, tmp_path / "undisturbed"), copy_of(empty, tmp_path / "stopped")
    publish(undisturbed)
    bring_out(stopped)
    hit = drive(lambda: bring_out(stopped))
    assert both_sides(DRIVES_DRAFT) <= hit
    assert state(stopped) == state(undisturbed)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", ["publication.put_away", "publication.put_in_place", "publication.remove_old"])
def test_a_draft_stopped_at_its_place_stands_there_after_the_next_run(
    tmp_path: Path, empty: Settings, step: str, side: str
) -> None:
    settings = copy_of(empty, tmp_path / "home")
    bring_out(settings)
    whole = state(settings)
    drafts.publish(settings, [YEAR], RUN_ID)
    kill_at(step, side, lambda: drafts.bring_out(settings))
    bring_out(settings)
    assert state(settings) == whole


def test_a_folder_left_half_written_is_cleared_away(tmp_path: Path, empty: Settings) -> None:
    undisturbed, stopped = copy_of(empty, tmp_path / "undisturbed"), copy_of(empty, tmp_path / "stopped")
    publish(undisturbed)
    aside = stopped.publication / str(YEAR) / ".2026-03-01_draft.partial"
    aside.mkdir(parents=True)
    (aside / "half").touch()
    kill_at("publication.clear", "before", lambda: publish(stopped))
    publish(stopped)
    assert state(stopped) == state(undisturbed)


@pytest.fixture(scope="module")
def frozen(empty: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one freeze that nothing stopped comes to."""
    settings = copy_of(empty, tmp_path_factory.mktemp("frozen") / "home")
    with pytest.MonkeyPatch.context() as patch:
        small_documents(patch)
        publish(settings)
        freeze(settings, YEAR, "quick_report")
    return state(settings)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", DRIVES_FREEZE)
def test_a_stopped_freeze_is_completed_by_the_next(
    tmp_path: Path, empty: Settings, frozen: dict[str, Any], step: str, side: str
) -> None:
    settings = copy_of(empty, tmp_path / "home")
    publish(settings)
    kill_at(step, side, lambda: freeze(settings, YEAR, "quick_report"))
    if (step, side) != ("publication.tables", "after"):  # the last one: nothing was left to do
        report = freeze(settings, YEAR, "quick_report")
        assert report.folder.name == "2026-03-01_quick_report" and report.rows > 0
    assert state(settings) == frozen
    with pytest.raises(UserError, match="frozen already"):
        freeze(settings, YEAR, "quick_report")


def test_a_draft_between_does_not_hide_that_a_freeze_was_stopped(
    tmp_path: Path, empty: Settings, frozen: dict[str, Any]
) -> None:
    """The next run takes the frozen values into the warehouse by itself; the folder is still to be closed."""
    settings = copy_of(empty, tmp_path / "home")
    publish(settings)
    kill_at("freeze.read_only", "before", lambda: freeze(settings, YEAR, "quick_report"))
    publish(settings)
    with connect(settings) as connection:
        assert store.holds_frozen(connection, "2026-03-01_quick_report")
    freeze(settings, YEAR, "quick_report")
    assert state(settings) == frozen


def test_a_prefecture_is_frozen_after_the_province_and_with_its_numbers(tmp_path: Path, empty: Settings) -> None:
    settings, place = copy_of(empty, tmp_path / "home"), "520100"

    def freeze_place() -> FreezeReport:
        return freeze(settings, YEAR, "quick_report", region=place)

    publish(settings)
    with pytest.raises(UserError, match="no draft of"):
        freeze_place()
    make_publication(settings, YEAR, run_id=RUN_ID, region=place)
    with pytest.raises(UserError, match="cannot be frozen before it"):
        freeze_place()
    province = freeze(settings, YEAR, "quick_report").folder
    before = state(settings)
    for step in ("publication.put_in_place", "freeze.read_only"):
        for side in SIDES:
            if (step, side) != ("publication.put_in_place", "before"):
                folder = settings.publication / "region" / place / str(YEAR) / province.name
                folder.parent.chmod(0o755)
                for path in [folder, *folder.rglob("*")]:
                    path.chmod(0o755)
                shutil.rmtree(folder)
            kill_at(step, side, freeze_place)
            report = freeze_place() if (step, side) != ("freeze.read_only", "after") else None
            assert report is None or report.rows == 0
    with pytest.raises(UserError, match="frozen already"):
        freeze_place()
    after = state(settings)
    beside = f"region/{place}/{YEAR}"
    assert {name: kept for name, kept in after["files"].items() if not name.startswith(beside)} == {
        name: kept for name, kept in before["files"].items() if not name.startswith(beside)
    }
    tables = ("indicator_value", "frozen_value", "disclosure_decision")
    assert [after[table] for table in tables] == [before[table] for table in tables], "it has no numbers of its own"
    own = settings.publication / beside / province.name
    assert release.read(own)["frozen"] and release.read(own)["values_sha256"] == release.read(province)["values_sha256"]
    assert all(path.stat().st_mode & 0o222 == 0 for path in [own, *own.rglob("*")])
    found = Verification()
    assert not list(frozen_files(settings, found)) and found.frozen == 2
    page = own / "tables" / "page.csv"
    page.chmod(0o644)
    page.write_text("another", encoding="utf-8")
    (fault,) = frozen_files(settings, found)
    assert fault.path.endswith(f"{beside}/{province.name}/tables/page.csv")
