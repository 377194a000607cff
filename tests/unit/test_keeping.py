"""What a home keeps: verified at every start and on demand, copied whole, brought back whole."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project import run
from dagster_project.as_of import recall
from dagster_project.content_hash import hash_of
from dagster_project.errors import ExitCode, UserError
from dagster_project.ingest.store import SCHEMA_KEY, SCHEMA_VERSION
from dagster_project.keeping import copying
from dagster_project.keeping.backup import MANIFEST, backup
from dagster_project.keeping.restore import restore
from dagster_project.keeping.verify import verify
from dagster_project.rehearsal import rehearse
from dagster_project.settings import Settings
from dagster_project.warehouse import connect
from tests.fault.test_command_faults import contents
from tests.intake_world import Home, row, rows
from tests.unit.checks_home import write_json

BROKEN = ExitCode.BROKEN_INSTALLATION


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with two months, a quarantined row and a frozen publication, its key inside it."""
    folder = tmp_path_factory.mktemp("kept") / "home"
    home = Home(folder, key=folder / "provinces" / "secret.key")
    home.settings.key_file.parent.mkdir(parents=True)
    table = [*rows("setl_d", 4), row("setl_d", 5, setl_time="2024-02-20 10:00:00", enddate="2024-02-20")]
    home.put_rows("setl_d_1.csv", [*table, row("setl_d", 6, psn_pay="1")])
    home.put_rows("fixmedins_b.csv", rows("fixmedins_b", 2))
    home.run()
    (folder / "provinces" / "520000.yml").write_text("{}", encoding="utf-8")
    frozen = folder / "publication" / "2024" / "2025-06-30_bulletin"
    frozen.mkdir(parents=True)
    (frozen / "bulletin.html").write_text("<p>1</p>", encoding="utf-8")
    files = [{"path": "bulletin.html", "bytes": 8, "sha256": hash_of(frozen / "bulletin.html")}]
    write_json(frozen / "release.json", {"frozen": True, "files": files})
    return home


@pytest.fixture
def home(taken_in: Home, tmp_path: Path) -> Iterator[Settings]:
    """A copy of it, whose views read its own files."""
    settings = replace(taken_in.settings, home=Path(shutil.copytree(taken_in.settings.home, tmp_path / "home")))
    yield replace(settings, key_file=settings.home / "provinces" / "secret.key", language="en")
    run.run_lock.release(settings)


def begin(settings: Settings) -> UserError:
    """What a run says that must not begin."""
    with pytest.raises(UserError) as refused:
        run.begin(settings, "refused", "test")
    run.run_lock.release(settings)
    return refused.value


def raw_file(settings: Settings) -> Path:
    return sorted(settings.raw.rglob("*.parquet"))[-1]


def test_a_whole_home_is_found_whole(home: Settings) -> None:
    run.begin(home, "first", "test")
    run.finish(home, "first", "done")
    with connect(home) as connection:
        found = verify(connection, home)
        kept = connection.execute("select path, bytes, sha256 from ops.stored_file order by 1").fetchall()
    assert not found.faults and not found.unrecorded
    assert (found.files, found.frozen) == (4, 1) and found.tables > 10, "two months, the institutions, the quarantine"
    assert [(p, (home.home / p).stat().st_size, hash_of(home.home / p)) for p, *_ in kept] == kept


@pytest.mark.parametrize("which", ["raw", "quarantine"])
@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_a_run_finds_a_missing_or_truncated_file_before_anything_else(home: Settings, which: str, damage: str) -> None:
    path = sorted((home.home / which).rglob("*.parquet"))[0]
    if damage == "gone":
        path.unlink()
    else:
        os.truncate(path, path.stat().st_size - 1)
    before = contents(home.home)
    refused = begin(home)
    assert refused.code == BROKEN and path.relative_to(home.home).as_posix() in refused.where
    assert ".csv" in refused.where and "backup" in refused.message("en") and "备份" in refused.message("zh")
    after = contents(home.home)
    after.pop("run.lock", None)
    assert after == before, "nothing was swept, nothing was written"
    for ask in (lambda: rehearse(home), lambda: recall(home, date(2030, 1, 1))):
        with pytest.raises(UserError) as also:
            ask()
        assert also.value.code == BROKEN


def test_a_changed_file_of_the_same_size_is_found_in_full(home: Settings) -> None:
    path = raw_file(home)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    frozen = home.publication / "2024" / "2025-06-30_bulletin" / "bulletin.html"
    frozen.write_text("<p>2</p>", encoding="utf-8")
    with connect(home) as connection:
        faults = verify(connection, home).faults
    assert [fault.path for fault in faults] == [
        path.relative_to(home.home).as_posix(),
        frozen.relative_to(home.home).as_posix(),
    ]
    assert "sha256" in faults[0].what.en and faults[0].source_file.endswith(".csv")


LIBRARY = ("Error", "magic", "footer", "thrift", "checksum", "block at", "Parquet file '", "IO ")


def test_what_cannot_be_read_is_said_in_words_with_what_to_do(home: Settings) -> None:
    """A file of an earlier version (no size, no hash recorded) that is cut short, and a table whose blocks have changed."""
    path = raw_file(home)
    path.write_bytes(path.read_bytes()[:-20])
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("drop table ops.stored_file")
        connection.execute("create table ops.large as select i, hash(i) as h from range(400000) as r(i)")
    content = bytearray(home.warehouse.read_bytes())
    for place in range(len(content) - (2 << 20), len(content) - (1 << 20), 4096):
        content[place] ^= 0xFF
    home.warehouse.write_bytes(content)
    with connect(home) as connection:
        told = {fault.path: fault.what for fault in verify(connection, home).faults}
    assert set(told) >= {path.relative_to(home.home).as_posix(), "ops.large"}
    assert "Parquet" in told[path.relative_to(home.home).as_posix()].zh and "warehouse.duckdb" in told["ops.large"].zh
    for what in told.values():
        assert "备份" in what.zh and "backup" in what.en
        assert not any(word in text for word in LIBRARY for text in (what.zh, what.en)), what


def test_a_file_of_an_earlier_version_has_its_rows_counted(home: Settings) -> None:
    path = raw_file(home).relative_to(home.home).as_posix()
    with connect(home) as connection:
        connection.execute("drop table ops.stored_file")
        found = verify(connection, home)
        assert not found.faults and len(found.unrecorded) == found.files
        connection.execute('update ops.load_month set "rows" = "rows" + 1 where raw_file = ?', [path])
        told = [fault.path for fault in verify(connection, home).faults]
    assert told[0] == path and told[1].startswith("ops.load "), "its rows, and the account of its load"


def test_a_warehouse_that_is_none_gone_or_newer_is_said(home: Settings) -> None:
    with connect(home) as connection:
        connection.execute("update ops.meta set value = ? where key = ?", [str(SCHEMA_VERSION + 1), SCHEMA_KEY])
    newer = begin(home)
    assert newer.code == BROKEN and "newer version" in newer.what.en
    os.truncate(home.warehouse, home.warehouse.stat().st_size // 2)
    damaged = begin(home)
    assert damaged.code == BROKEN and "damaged" in damaged.what.en and "restore" in damaged.message("en")
    home.warehouse.unlink()
    gone = begin(home)
    assert gone.code == BROKEN and "is gone" in gone.what.en
    assert raw_file(home).exists(), "a new warehouse would have swept it"


@pytest.mark.parametrize(
    "damage, place, written",
    [("magic", 8, b"XXXX"), ("version", 12, b"\xff" * 8), ("first block", 4096, b"\xff" * 64), ("all blocks", 4096, b"\xff" * 10**7),
     ("cut", 60_000, b""), ("empty", 0, b"")],
)  # fmt: skip
def test_a_damaged_warehouse_is_never_taken_for_one_in_use(
    home: Settings, tmp_path: Path, damage: str, place: int, written: bytes
) -> None:
    blocked = replace(home, home=tmp_path / "read-only lock on file")  # a name that must not be read for the reason
    shutil.copytree(home.home, blocked.home)
    with blocked.warehouse.open("r+b") as stream:
        stream.seek(place)
        stream.write(written)
        stream.truncate(place + len(written) if damage in ("cut", "empty") else None)
    refused = begin(blocked)
    assert refused.code == BROKEN and "damaged" in refused.what.en and "restore" in refused.message("en")


def test_the_quick_form_is_quick(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "dagster_project.keeping.verify.hash_of", lambda *_: pytest.fail("no content is read at a start")
    )
    run.begin(home, "first", "test")
    run.finish(home, "first", "done")


def state(settings: Settings) -> list[Any]:
    """Rows of raw and quarantine and the accounts of intake, as the warehouse tells them."""
    with connect(settings) as connection:
        queries = ("raw.setl_d", "raw.fixmedins_b", "quarantine.rejected_row", "ops.load", "ops.load_month", "ops.file")
        return [connection.execute(f"select * from {table} order by all").fetchall() for table in queries]


def test_a_backup_holds_everything_but_the_key_and_comes_back(home: Settings, tmp_path: Path) -> None:
    for name in ("editorial/2025.txt", "serving/medical_insurance.duckdb", "dagster/dagster.yaml", "checks.html"):
        (home.home / name).parent.mkdir(exist_ok=True)
        (home.home / name).write_text(name, encoding="utf-8")
    # Dagster's server has written to its history and not folded the log back into the file.
    history = sqlite3.connect(home.home / "dagster" / "runs.db")
    history.execute("pragma journal_mode = wal")
    history.execute("create table runs as select 'materialised' as what")
    history.commit()
    assert (home.home / "dagster" / "runs.db-wal").stat().st_size
    made = backup(home, tmp_path / "disk")
    history.close()
    assert made.folder.parent == tmp_path / "disk" and not list((tmp_path / "disk").glob(".*"))
    listed = json.loads((made.folder / MANIFEST).read_text(encoding="utf-8"))
    found = contents(made.folder)
    found.pop(MANIFEST)
    assert found == {entry["path"]: entry["sha256"] for entry in listed["files"]}
    assert not [path for path in found if "secret" in path or path.startswith("landing")]
    whole = {
        "warehouse.duckdb",
        "raw",
        "quarantine",
        "publication",
        "provinces",
        "editorial",
        "serving",
        "dagster",
        "checks.html",
    }
    assert {path.split("/")[0] for path in found} >= whole and not [path for path in found if path.endswith("-wal")]
    assert listed["key_fingerprint"] and listed["province"] == "520000"
    assert backup(home, tmp_path / "disk", with_landing=True).folder != made.folder
    expected = state(home)
    other = replace(home, home=tmp_path / "elsewhere")
    back = restore(other, made.folder)
    shutil.rmtree(home.home)
    assert back.files == made.files == len(found)
    assert state(other) == expected, "the views read the files of the restored home"
    assert other.serving_file.read_text(encoding="utf-8") == "serving/medical_insurance.duckdb", "BI goes on at once"
    with sqlite3.connect(other.home / "dagster" / "runs.db") as kept:
        assert kept.execute("select what from runs").fetchall() == [("materialised",)]
    run.begin(other, "next", "test")
    run.finish(other, "next", "done")
    with pytest.raises(UserError) as refused:
        restore(other, made.folder)
    assert refused.value.code == ExitCode.BAD_INPUT and "not empty" in refused.value.what.en


def test_a_restore_fills_an_empty_home(home: Settings, tmp_path: Path) -> None:
    made = backup(home, tmp_path / "disk", with_landing=True)
    other = replace(home, home=tmp_path / "empty")
    other.landing.mkdir(parents=True)
    restore(other, made.folder)
    assert sorted(path.name for path in other.landing.iterdir()) == ["fixmedins_b.csv", "setl_d_1.csv"]
    seen = (home.landing / "setl_d_1.csv").stat().st_mtime_ns
    assert (other.landing / "setl_d_1.csv").stat().st_mtime_ns == seen, "a file that was seen is seen again"


@pytest.mark.parametrize("damage", ["gone", "cut", "flipped", "no manifest", "a way out", "another format"])
def test_a_damaged_backup_is_refused_whole(home: Settings, tmp_path: Path, damage: str) -> None:
    folder = backup(home, tmp_path / "disk").folder
    path = sorted(folder.rglob("*.parquet"))[0]
    listing = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        os.truncate(path, 10)
    elif damage == "flipped":
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif damage == "no manifest":
        (folder / MANIFEST).unlink()
    else:
        if damage == "a way out":
            listing["files"][0]["path"] = "../outside"
        listing["format"] = 2 if damage == "another format" else 1
        write_json(folder / MANIFEST, listing)
    with pytest.raises(UserError) as refused:
        restore(replace(home, home=tmp_path / "elsewhere"), folder)
    assert refused.value.code == ExitCode.BAD_INPUT
    if damage in ("gone", "cut", "flipped"):
        assert path.name in refused.value.where
    assert sorted(one.name for one in tmp_path.iterdir()) == ["disk", "home"], "nothing is left of the attempt"


def test_a_backup_that_cannot_be_made_leaves_nothing(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(target: Path) -> UserError:
        with pytest.raises(UserError) as error:
            backup(home, target)
        return error.value

    assert "inside the home" in refused(home.home / "backups").what.en
    assert refused(home.home).code == ExitCode.BAD_INPUT
    assert "does not exist" in refused(tmp_path / "not" / "mounted").what.en
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert "not a folder" in refused(tmp_path / "file").what.en
    disk = tmp_path / "disk"
    whole = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(copying.shutil, "disk_usage", lambda _: whole._replace(free=10))
        assert "too small" in refused(disk).what.en
    for number, word in ((errno.ENOSPC, "is full"), (errno.EROFS, "Read-only"), (errno.EIO, "failed")):
        with monkeypatch.context() as patched:
            patched.setattr(copying.os, "fsync", lambda _, number=number: (_ for _ in ()).throw(OSError(number, "no")))
            error = refused(disk)
            assert error.code == BROKEN and word in error.what.en
        assert not list(disk.iterdir())
    content = bytearray(raw_file(home).read_bytes())
    content[len(content) // 2] ^= 1
    raw_file(home).write_bytes(content)
    changed = refused(disk)
    assert changed.code == BROKEN and raw_file(home).name in changed.where
    assert not list(disk.iterdir()), "no backup of what has changed"


@pytest.mark.parametrize("module", ["copying", "inventory"])
def test_a_module_of_keeping_can_be_the_first_that_is_imported(module: str) -> None:
    """Intake writes the inventory down and keeping reads it: neither may need the other to be there first."""
    subprocess.run([sys.executable, "-c", f"import dagster_project.keeping.{module}"], check=True)
