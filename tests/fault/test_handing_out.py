"""Files handed out at a place that a person names: no misspelt path is made, and what is written is whole or as it was before."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from dagster_project import bulletin, drafts, handing_out
from dagster_project.errors import ExitCode, UserError
from dagster_project.settings import Settings
from dagster_project.verbs import asking, deliveries, differing, forms, making
from dagster_project.verbs.guard import guarded
from tests.bulletin_home import RUN_ID, make_home
from tests.closed_disk import full_at, read_only
from tests.fail_points import SIDES, both_sides, drive, kill_at
from tests.fault.test_command_faults import contents
from tests.fault.test_publication_faults import YEAR, publish, small_documents
from tests.intake_world import Home, rows

DRIVES_FILE = ("handing_out.rename_file",)
DRIVES_COPY = ("publication.put_away", "publication.put_in_place", "publication.remove_old")
DRAFT = "2026-03-01_draft"


@pytest.fixture(autouse=True)
def _small_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    small_documents(monkeypatch)


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with one file taken in."""
    home = Home(tmp_path_factory.mktemp("handing") / "home")
    home.put_rows("setl_d_1.csv", rows("setl_d", 3))
    home.run()
    return home.settings


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with a draft and a frozen vintage."""
    with pytest.MonkeyPatch.context() as patch:
        small_documents(patch)
        settings = make_home(tmp_path_factory.mktemp("handing") / "frozen")
        publish(settings)
        bulletin.freeze(settings, YEAR, "quick_report")
    return settings


Written = Callable[[Path], ExitCode]


@pytest.fixture(params=["deliveries", "diff"])
def write(request: pytest.FixtureRequest) -> Written:
    """A verb that writes a table where it is told to."""
    if request.param == "diff":
        compared: Settings = request.getfixturevalue("frozen")
        return lambda to: differing.diff(compared, YEAR, DRAFT, DRAFT, to, causes=False)
    counted: Settings = request.getfixturevalue("taken_in")
    return lambda to: deliveries.deliveries(counted, None, None, to)


def test_a_table_is_whole_or_as_it_was(write: Written, tmp_path: Path) -> None:
    to = tmp_path / "table.csv"
    assert write(to) == ExitCode.DONE
    newer = to.read_bytes()
    assert next(csv.reader(to.read_text(encoding="utf-8-sig").splitlines()))
    for side in SIDES:
        to.write_text("older", encoding="utf-8")
        kill_at(*DRIVES_FILE, side, lambda: write(to))
        assert to.read_bytes() == (b"older" if side == "before" else newer)
        assert write(to) == ExitCode.DONE
        assert to.read_bytes() == newer and [path.name for path in tmp_path.iterdir()] == [to.name]


def test_a_full_or_read_only_disk_leaves_the_older_table(
    write: Written, taken_in: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = tmp_path / "table.csv"
    to.write_text("older", encoding="utf-8")
    with full_at(*DRIVES_FILE):
        assert guarded(taken_in, lambda: write(to)) == ExitCode.BROKEN_INSTALLATION
    assert "磁盘已满" in capsys.readouterr().err
    with read_only(tmp_path):
        assert guarded(taken_in, lambda: write(to)) == ExitCode.BAD_INPUT
    assert "没有写入这个文件夹的权限" in capsys.readouterr().err
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {to.name: "older"}


def test_a_folder_that_is_not_there_is_refused_and_not_made(
    write: Written, taken_in: Settings, frozen: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    actions: list[Callable[[], ExitCode]] = [
        lambda: write(tmp_path / "mispelt" / "table.csv"),
        lambda: making.export(frozen, [YEAR], tmp_path / "mispelt" / "documents"),
        lambda: forms.forms(taken_in, YEAR, None, None, "present", tmp_path / "mispelt" / "forms.xlsx"),
        lambda: asking.request(taken_in, tmp_path / "mispelt" / "sheet", [YEAR]),
    ]
    before = contents(frozen.publication)
    for action in actions:
        assert guarded(taken_in, action) == ExitCode.BAD_INPUT
        said = capsys.readouterr().err
        assert "没有这个文件夹" in said and str(tmp_path / "mispelt") in said and "先建好" in said
    assert not list(tmp_path.iterdir()) and contents(frozen.publication) == before


def test_a_copy_of_documents_is_the_older_or_the_newer_one(frozen: Settings, tmp_path: Path) -> None:
    source, target = frozen.publication / str(YEAR) / DRAFT, tmp_path / str(YEAR)
    handing_out.copy_folder(frozen.publication / str(YEAR) / "2026-03-01_quick_report", target)
    assert all(path.stat().st_mode & 0o200 for path in [target, *target.rglob("*")]), "a copy is the reader's own"
    (target / "notes.docx").write_text("somebody's own", encoding="utf-8")
    older = contents(target)
    newer = older | contents(source)
    assert "notes.docx" in older and older != newer
    for step in DRIVES_COPY:
        for side in SIDES:
            shutil.rmtree(tmp_path)
            tmp_path.mkdir()
            handing_out.copy_folder(frozen.publication / str(YEAR) / "2026-03-01_quick_report", target)
            (target / "notes.docx").write_text("somebody's own", encoding="utf-8")
            kill_at(step, side, lambda: handing_out.copy_folder(source, target))
            handing_out.require_place_of_copies(frozen, tmp_path, [target])
            assert contents(target) in (older, newer)
    hit = drive(lambda: handing_out.copy_folder(source, target))
    assert hit >= both_sides(DRIVES_COPY)
    assert contents(target) == newer and [path.name for path in tmp_path.iterdir()] == [str(YEAR)]


def test_a_full_disk_leaves_the_documents_and_the_older_copy(
    frozen: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A home made by hand has neither loads nor runs nor checks; what is asked for here is what becomes of the documents."""
    monkeypatch.setattr("dagster_project.run.publication_years", lambda *_: [YEAR])
    monkeypatch.setattr(making, "own_run", lambda *_: nullcontext(RUN_ID))
    monkeypatch.setattr("dagster_project.gate.run_gate", lambda settings, *_: drafts.bring_out(settings))
    settings = replace(frozen, home=Path(shutil.copytree(frozen.home, tmp_path / "home")), language="zh")
    to = tmp_path / "to"
    assert making.export(settings, [YEAR], to) == ExitCode.DONE
    whole = contents(to)
    (to / str(YEAR) / "notes.docx").write_text("somebody's own", encoding="utf-8")
    real = handing_out.copy_folder

    def copy(source: Path, target: Path) -> None:
        with full_at("publication.put_in_place"):
            real(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(handing_out, "copy_folder", copy)
        assert guarded(settings, lambda: making.export(settings, [YEAR], to)) == ExitCode.BROKEN_INSTALLATION
    said = capsys.readouterr().err
    made = settings.publication / str(YEAR) / DRAFT
    assert f"公报已生成在 {made}，但没有另存：磁盘已满" in said and "腾出空间" in said
    assert making.export(settings, [YEAR], to) == ExitCode.DONE
    assert contents(to).keys() == {*whole, f"{YEAR}/notes.docx"}


def test_a_copy_goes_neither_over_publications_nor_over_something_else(frozen: Settings, tmp_path: Path) -> None:
    (tmp_path / str(YEAR)).mkdir()
    handing_out.require_place_of_copies(frozen, tmp_path, [tmp_path / str(YEAR)])
    (tmp_path / str(YEAR) / "thesis.docx").touch()
    for to, told in ((tmp_path, "something else"), (frozen.publication, "publications themselves")):
        with pytest.raises(UserError, match=told) as refused:
            making.export(frozen, [YEAR], to)
        assert refused.value.code == ExitCode.BAD_INPUT
