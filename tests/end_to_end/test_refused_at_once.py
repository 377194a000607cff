"""What is known to be wrong before a run is refused before it: key, files of definitions, wanted years.

What is refused leaves the home as it was, not even the row of a run is added.
"""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from dagster_project.dictionary.province_files import require_valid_files
from dagster_project.errors import ExitCode, UserError
from dagster_project.preflight import require_ready
from dagster_project.settings import Settings
from tests.intake_world import Home, rows
from tests.warehouse_api import Spoken, bulletin, query, settings_of

AT_ONCE = 10  # seconds on a busy machine; one on a quiet one
WRONG = "definitions:\n  bed_day_rule: nonsense\n"


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with settlements of January 2024 taken in, nothing computed."""
    made = Home(tmp_path_factory.mktemp("once") / "home")
    made.put_rows("setl_d_202401.csv", rows("setl_d", 3))
    made.run()
    return made


@pytest.fixture
def home(taken_in: Home, tmp_path: Path) -> Path:
    """A copy of it with its key beside it, in which a file of June waits."""
    home = tmp_path / "home"
    shutil.copytree(taken_in.settings.home, home)
    shutil.copyfile(taken_in.settings.key_file, tmp_path / "home.key")
    (home / "landing" / "setl_d_202406.csv").write_text("setl_id\n", encoding="utf-8")
    return home


def province_file(home: Path, content: str, name: str = "520000.yml") -> Path:
    """A file of definitions of the home's own."""
    path = home / "provinces" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def accounts(home: Path) -> list[int]:
    """Rows of the accounts, and how many things lie in the home beside the lock."""
    tables = ("run", "file", "load") if (home / "warehouse.duckdb").exists() else ()
    rows = [query(home / "warehouse.duckdb", f"select count(*) from ops.{table}")[0][0] for table in tables]
    return [*rows, sum(1 for path in home.rglob("*") if path.name != "run.lock")]


def refused_at_once(home: Path, *words: str, key: str = "home.key") -> Spoken:
    """What the command line says that is to refuse at once and to change nothing."""
    before = accounts(home)
    begun = time.monotonic()
    said = bulletin(*words, "--home", str(home), key=home.parent / key)
    assert time.monotonic() - begun < AT_ONCE, said.text
    assert not said.has_traceback and "What to do" in said.text, said.text
    assert accounts(home) == before
    return said


@pytest.mark.parametrize("words", [["run"], ["ingest"]])
def test_another_key_is_refused_before_anything_else(home: Path, words: list[str]) -> None:
    (home.parent / "other.key").write_bytes(bytes(range(32)))
    province_file(home, WRONG)
    said = refused_at_once(home, *words, key="other.key")
    assert said.code == ExitCode.BROKEN_INSTALLATION
    assert "other.key" in said.text and "not the warehouse's key" in said.text


@pytest.mark.parametrize(("made", "key"), [(True, "lost.key"), (False, "short.key")])
def test_a_lost_key_and_half_a_key_are_refused_first(home: Path, made: bool, key: str) -> None:
    (home.parent / "short.key").write_bytes(b"short")
    if not made:
        (home / "warehouse.duckdb").unlink()
    with pytest.raises(UserError) as raised:
        require_ready(settings_of(home, home.parent / key))
    assert raised.value.code == ExitCode.BROKEN_INSTALLATION and key in raised.value.where
    assert not (home.parent / "lost.key").exists(), "looking makes no key"


@pytest.mark.parametrize("words", [["run"], ["build"], ["run", "--dry-run"], ["run", "--as-of", "2026-03-01"]])
def test_a_wrong_file_of_definitions_is_refused_at_once(home: Path, words: list[str]) -> None:
    path = province_file(home, WRONG)
    said = refused_at_once(home, *words)
    assert said.code == ExitCode.BAD_INPUT
    for word in (str(path), "bed_day_rule", "nonsense", "end_minus_begin_min1", "nothing was done"):
        assert word in said.text, said.text


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("370000.yml", "definitions:\n  no_such_rule: x\n", ["no_such_rule"]),  # whatever province the home is of
        ("national.yml", "definitions: {}\n", ["lacks the choices"]),
        ("520000.yml", "pooling: 5\n", ["pooling", "list"]),
        ("520000.yml", "dummy_creators: 5\n", ["dummy_creators", "list"]),
        ("520000.yml", "name: x\na: [\n", ["line 3"]),
        ("520000.yaml", "{}\n", ["520000.yml"]),  # names that nothing reads
        ("guizhou.yml", "{}\n", ["520000.yml"]),
    ],
)
def test_every_file_of_definitions_is_read(tmp_path: Path, name: str, content: str, words: list[str]) -> None:
    path = province_file(tmp_path, content, name)
    with pytest.raises(UserError) as raised:
        require_valid_files(Settings(home=tmp_path))
    said = raised.value.message("en")
    assert raised.value.code == ExitCode.BAD_INPUT and str(path) in said
    for word in words:
        assert word in said, said


def test_the_shipped_files_and_ones_that_are_no_definitions_pass(tmp_path: Path) -> None:
    require_valid_files(Settings(home=tmp_path))
    province_file(tmp_path, "bed_day_rule: end_minus_begin_plus1\n", ".520000.yml")
    province_file(tmp_path, "why we chose this", "notes.md")
    require_valid_files(Settings(home=tmp_path))


@pytest.mark.parametrize("words", [[], ["--dry-run"]])
def test_a_year_that_nothing_can_bring_is_refused_at_once(home: Path, words: list[str]) -> None:
    said = refused_at_once(home, "run", "--year", "2024", "--year", "1999", *words)
    assert said.code == ExitCode.BAD_INPUT
    assert "no data of 1999" in said.text and "Choose from 2024" in said.text and "bulletin ingest" in said.text


@pytest.mark.parametrize(
    ("files", "extracted", "year", "refused"),
    [
        ([], None, 2024, False),  # loaded
        ([], None, 2025, True),
        (["setl_d_202506.csv"], None, 2025, False),
        (["setl_d_202506.csv"], None, 2026, False),  # a month's file may reach over New Year: intake will tell
        (["setl_d_202506.csv"], None, 2027, True),
        (["setl_d_202506.csv"], "2025-07-01T00:00:00", 2026, True),
        (["2026/setl_d.csv"], None, 2026, False),
        (["setl_d_2019_2022.csv"], None, 2021, False),
        (["setl_d_20250101-20251231.csv"], None, 2025, False),
        (["setl_d.csv"], None, 1999, False),  # says nothing
        (["fund_ledger_m_2026.csv"], None, 2026, True),  # where there are settlements they decide
    ],
)
def test_years_that_names_and_manifests_can_bring(
    home: Path, files: list[str], extracted: str | None, year: int, refused: bool
) -> None:
    (home / "landing" / "setl_d_202406.csv").unlink()
    for name in files:
        path = home / "landing" / "b9" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    if extracted:
        (home / "landing" / "b9" / "manifest.json").write_text(
            json.dumps({"extracted_at": extracted, "files": [{"file": name} for name in files]}), encoding="utf-8"
        )
    if not refused:
        return require_ready(settings_of(home), [year])
    with pytest.raises(UserError) as raised:
        require_ready(settings_of(home), [year])
    assert raised.value.code == ExitCode.BAD_INPUT and str(year) in raised.value.what.en


@pytest.mark.parametrize(("year", "refused"), [(2022, False), (2019, True)])
def test_years_without_settlements_are_asked_of_other_extracts(tmp_path: Path, year: int, refused: bool) -> None:
    home = Home(tmp_path / "home")
    home.put_rows("fund_ledger_m_2022.csv", rows("fund_ledger_m", 1, ym="202203"))
    if refused:
        with pytest.raises(UserError):
            require_ready(home.settings, [year])
    else:
        require_ready(home.settings, [year])
    home.run()
    home.put_rows("fund_ledger_m_2024.csv", rows("fund_ledger_m", 1, ym="202403"))
    require_ready(home.settings, [year])  # what was loaded may tell of it: intake is asked


def test_a_year_that_only_intake_can_tell_is_refused_before_anything_is_computed(home: Path) -> None:
    shutil.copyfile(home / "landing" / "setl_d_202401.csv", home / "landing" / "setl_d_new.csv")
    with (home / "landing" / "setl_d_new.csv").open("a", encoding="utf-8") as stream:
        stream.write("\n")
    said = bulletin("run", "--year", "2031", "--home", str(home), key=home.parent / "home.key")
    assert said.code == ExitCode.PARTLY and not said.has_traceback, said.text
    assert "The files were taken in" in said.text and "no data of 2031" in said.text and "Choose from 2024" in said.text
    assert "Core facts" not in said.text
    built = query(home / "warehouse.duckdb", "select count(*) from duckdb_tables() where schema_name = 'core'")
    assert built == [(0,)]
    assert query(home / "warehouse.duckdb", "select status from ops.run where command like '%2031%'") == [("failed",)]
