"""A disk that is full at any durable step of any verb that writes: the state is the one before or the one after, and it is said.

The main job and builds are stopped by an exception at every step in `end_to_end/test_fail_points.py`, where serving meets a full
disk, too; what is handed out at a place that a person names does in `test_handing_out.py`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from dagster_project import bulletin, run_lock
from dagster_project.errors import ExitCode
from dagster_project.keeping.verify import verify
from dagster_project.settings import Settings
from dagster_project.verbs import codes, deliveries, desk, keeping, quarantine, running, waivers
from dagster_project.verbs.guard import guarded
from dagster_project.warehouse import connect
from tests.bulletin_home import make_home
from tests.closed_disk import full_at, steps_of
from tests.fault.test_command_faults import contents
from tests.fault.test_publication_faults import YEAR, publish, small_documents
from tests.fault.test_publication_faults import bring_out as publish_and_bring_out
from tests.fault.test_publication_faults import state as published
from tests.intake_world import Home, row, rows

BOOK = "corrected.xlsx"
Action = Callable[[Settings], ExitCode]


def freeze(settings: Settings) -> ExitCode:
    """As the verb does it, without the frame of a run: the home is made by hand of what a bulletin needs."""
    bulletin.freeze(settings, YEAR, "quick_report")
    return ExitCode.DONE


def bring_out(settings: Settings) -> ExitCode:
    """The documents as `export` makes them and brings them to their place, likewise; a later day changes them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dagster_project.bulletin.publication.write_documents", later_documents)
        publish_and_bring_out(settings)
    return ExitCode.DONE


def later_documents(target: Path, *_: object) -> None:
    """Documents that differ from the draft which is there."""
    (target / "page.csv").write_text("later", encoding="utf-8")


def aside(settings: Settings) -> Path:
    """A folder beside a home."""
    return settings.home.with_name(f"{settings.home.name}-aside")


def restore(settings: Settings) -> ExitCode:
    """Into a new home, from the backup beside the old one."""
    (made,) = [path for path in aside(settings).iterdir() if path.name.startswith("home_")]
    return keeping.restore(replace(settings, home=aside(settings) / "restored"), made)


@dataclass(frozen=True)
class Verb:
    """What is done, what completes it where a part of it had been done, and what has to be there before.

    `in_parts`: files are taken in one by one, and versions settled at the end; a freeze puts its folder in place, then closes it. Of
    these each part is whole, and the next call goes on.
    """

    act: Action
    complete: Action | None = None
    prepare: Action | None = None
    is_published: bool = False
    in_parts: bool = False


def backup(settings: Settings) -> ExitCode:
    """Beside the home."""
    return keeping.backup(settings, aside(settings), False)


def land_more(settings: Settings) -> ExitCode:
    """One more file."""
    Home(settings.home, settings.key_file).put_rows("setl_d_2.csv", rows("setl_d", 2, start=20))
    return ExitCode.DONE


VERBS = {
    "unload": Verb(lambda home: desk.unload(home, "setl_d_1.csv", "x", "y", back=False, build=False)),
    "manifest confirm": Verb(lambda home: deliveries.manifest(home, "confirm", ".", "王敏")),
    "backup": Verb(backup),
    "restore": Verb(restore, prepare=backup),
    "ingest": Verb(running.ingest, prepare=land_more, in_parts=True),
    "check": Verb(lambda home: running.check(home, ["landing"])),
    "quarantine --take": Verb(
        lambda home: quarantine.take(home, home.home / BOOK, False), running.ingest, in_parts=True
    ),
    "codes map": Verb(
        lambda home: codes.map_code(home, "insutype", "888", "310", "王敏", "", build=False),
        running.ingest,
        in_parts=True,
    ),
    "waive": Verb(lambda home: waivers.waive(home, "code_unknown", "", "", "x", "y", date(2030, 1, 1))),
    "freeze": Verb(freeze, is_published=True, in_parts=True),
    "export": Verb(bring_out, is_published=True, in_parts=True),
}
QUICK = ("unload", "manifest confirm", "backup", "restore")


@pytest.fixture(autouse=True)
def _small_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    small_documents(monkeypatch)


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with rows that are held for a code and for a broken cell, and the workbook with that cell put right."""
    home = Home(tmp_path_factory.mktemp("full") / "home")
    home.put_rows("setl_d_1.csv", [*rows("setl_d", 3), row("setl_d", 4, insutype="888"), row("setl_d", 5, psn_pay="x")])
    with pytest.MonkeyPatch.context() as patch:
        small_documents(patch)
        home.run()
        path = home.settings.home / BOOK
        quarantine.show(home.settings, None, path, False)
    book = openpyxl.load_workbook(path)
    sheet = book["setl_d"]
    column = [cell.value for cell in sheet[1]].index("psn_pay") + 1
    for line in range(2, sheet.max_row + 1):
        if sheet.cell(line, column).value == "x":
            sheet.cell(line, column).value = "40.00"
    book.save(path)
    return home.settings


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with a draft."""
    with pytest.MonkeyPatch.context() as patch:
        small_documents(patch)
        settings = make_home(tmp_path_factory.mktemp("full") / "home")
        publish(settings)
    return settings


def state(settings: Settings) -> dict[str, Any]:
    """Rows, accounts, decisions and waivers as the warehouse tells them, whatever run they came with; whole backups, restored homes."""
    told: dict[str, Any] = {}
    with connect(settings) as connection:
        tables = ["raw.setl_d", "quarantine.rejected_row"]
        tables += [
            f"ops.{name}"
            for name in (
                "load",
                "load_month",
                "load_region",
                "rule_count",
                "unload",
                "superseded",
                "load_control",
                "released_row",
                "waiver",
            )
        ]
        known = {
            f"{schema}.{name}"
            for schema, name in connection.execute(
                "select schema_name, table_name from duckdb_tables() union select schema_name, view_name from duckdb_views()"
            ).fetchall()
        }
        for name in tables:
            if name in known:
                found = connection.execute(f"select * exclude (run_id) from {name} order by all" if name in ("ops.unload", "ops.waiver")
                                           else f"select * from {name} order by all").fetchall()  # fmt: skip
                told[name] = found
    told["mapped"] = [path.read_bytes() for path in settings.provinces.glob("*.codes.csv")]
    for folder in aside(settings).glob("[!.]*"):
        told[folder.name] = sorted(path for path in contents(folder) if not path.startswith("run.lock"))
    return told


def copy_of(settings: Settings, folder: Path) -> Settings:
    """A copy of a home."""
    return replace(settings, home=Path(shutil.copytree(settings.home, folder / "home")), language="zh")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in VERBS]
)
def test_the_state_is_the_one_before_or_after_and_the_next_call_completes_it(
    taken_in: Settings, drafted: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    verb = VERBS[name]
    told = published if verb.is_published else state
    base = copy_of(drafted if verb.is_published else taken_in, tmp_path / "base")
    if name == "waive":
        running.check(base, ["landing"])
    undisturbed = copy_of(base, tmp_path / "undisturbed")
    if verb.prepare is not None:
        verb.prepare(undisturbed)
    before = told(undisturbed)
    with steps_of() as steps:
        verb.act(undisturbed)
    after = told(undisturbed)
    assert steps and (after != before or name == "check")
    for step in steps:
        settings = copy_of(base, tmp_path / step)
        if verb.prepare is not None:
            verb.prepare(settings)
        capsys.readouterr()
        with full_at(step):
            code = guarded(settings, lambda settings=settings: verb.act(settings))  # type: ignore[misc]
        said = capsys.readouterr().err
        run_lock.release(settings)  # as the end of the process does
        if code == ExitCode.BROKEN_INSTALLATION:
            assert "磁盘已满" in said and "Traceback" not in said, step
        else:
            assert told(settings) == after, f"{step} may be left out: {said}"
        if not verb.in_parts:
            assert told(settings) in (before, after), step
        elif not verb.is_published:
            with connect(settings) as connection:
                assert verify(connection, settings).faults == [], step
        if told(settings) != after:
            guarded(settings, lambda settings=settings: verb.act(settings))  # type: ignore[misc]
        if verb.complete is not None and told(settings) != after:
            guarded(settings, lambda settings=settings: verb.complete(settings))  # type: ignore[misc]
        assert told(settings) == after, step
