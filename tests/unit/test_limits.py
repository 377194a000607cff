"""Memory, threads and the folder for what does not fit: every connection keeps them, and too little memory is said."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from dagster_project import dbt_build, stages
from dagster_project.dbt_build import NodeResult, models_at_once
from dagster_project.errors import ExitCode, UserError
from dagster_project.ingest import prepare_warehouse
from dagster_project.serving import publish
from dagster_project.settings import PACKAGE_ROOT, Settings
from dagster_project.verbs.guard import unexpected
from dagster_project.warehouse import connect, reading_working
from tests.warehouse_api import bulletin

LIMITS = "select current_setting('memory_limit'), current_setting('threads'), current_setting('temp_directory')"
# Whoever opens a database: the warehouse itself, and what is made beside it. Each calls keep_within, as the tests below see;
# ingest/trial.py also opens the warehouse read-only for what has been loaded, warehouse.py lays out an empty file;
# indicator_trial.py and checks/forms.py compute in memory beside it.
OPENERS = {
    "warehouse.py": 4,
    "serving/publish.py": 1,
    "ingest/trial.py": 2,
    "indicator_trial.py": 1,
    "checks/forms.py": 1,
}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("BULLETIN_MEMORY_LIMIT", "512MiB")
    monkeypatch.setenv("BULLETIN_THREADS", "1")
    return Settings(home=tmp_path, language="en")


def limits_of(connection: duckdb.DuckDBPyConnection) -> tuple[object, ...] | None:
    return connection.execute(LIMITS).fetchone()


def test_nobody_else_opens_a_database() -> None:
    found = {}
    for path in sorted(PACKAGE_ROOT.rglob("*.py")):
        calls = [
            node
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("duckdb.connect", "duckdb.sql", "duckdb.query")
        ]
        if calls:
            found[path.relative_to(PACKAGE_ROOT).as_posix()] = len(calls)
    assert found == OPENERS


def test_the_warehouse_is_opened_within_the_limits(settings: Settings) -> None:
    with connect(settings) as connection:
        assert limits_of(connection) == ("512.0 MiB", 1, str(settings.home / "tmp"))


def test_a_new_warehouse_has_the_layout_that_packs_text(settings: Settings) -> None:
    with connect(settings) as connection:
        told = connection.execute(
            "select tags['storage_version'] from duckdb_databases() where not internal"
        ).fetchone()
    assert told == ("v1.4.0+",)
    with connect(settings) as connection:  # opened again as it is
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_database_beside_the_warehouse_has_the_limits_and_a_folder_of_its_own(settings: Settings) -> None:
    with connect(settings):
        pass
    with reading_working(settings) as working:
        assert limits_of(working) == ("512.0 MiB", 1, str(settings.home / "tmp" / "aside"))


def test_the_served_file_is_written_within_the_limits(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[object] = []

    def tables(*_: object) -> dict[str, object]:
        found.extend(limits_of(opened[0]) or ())
        return {}

    opened: list[duckdb.DuckDBPyConnection] = []
    real = duckdb.connect

    def open_database(path: str) -> duckdb.DuckDBPyConnection:
        opened.append(real(path))
        return opened[0]

    monkeypatch.setattr(publish.duckdb, "connect", open_database)
    monkeypatch.setattr(publish, "load_tables", tables)
    publish._write(settings.home / "served.duckdb", {}, settings)
    assert found == ["512.0 MiB", 1, str(settings.home / "tmp" / "aside")]


def test_dbt_builds_within_the_limits(settings: Settings) -> None:
    """While dbt is at work its settings are those of the database, which another connection of the process shares."""
    found: list[tuple[object, ...] | None] = []

    def ask(*_: object) -> None:
        with duckdb.connect(str(settings.warehouse)) as connection:
            found.append(limits_of(connection))

    with connect(settings) as connection:
        prepare_warehouse(connection)
    dbt_build.build(settings, "unit", on_node=ask)
    assert found == [("512.0 MiB", 1, str(settings.home / "tmp"))]


def test_a_second_connection_may_come_while_something_does_not_fit_into_memory(settings: Settings) -> None:
    """DuckDB refuses to be told the folder for it once more by then."""
    with connect(settings) as connection:
        connection.execute("set memory_limit = '40MiB'")
        rows = connection.execute("select md5(range::varchar) as word from range(1500000) order by 1")
        assert rows.fetchone() is not None
        assert list(settings.work.glob("duckdb_temp_*")), "nothing had to be put aside: the case is not met"
        with connect(settings) as other:
            assert limits_of(other) == ("512.0 MiB", 1, str(settings.work))


@pytest.mark.parametrize("words", ["lots", "0GB", "-1GB", "6", "50%"])
def test_what_is_no_amount_of_memory_is_refused(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BULLETIN_MEMORY_LIMIT", words)
    with pytest.raises(UserError) as raised:
        Settings()
    assert raised.value.code == ExitCode.BAD_INPUT
    assert "BULLETIN_MEMORY_LIMIT" in raised.value.message("zh") and words in raised.value.message("zh")


@pytest.mark.parametrize("words", ["6GB", "800MiB", "1.5 GiB", "512mb"])
def test_what_is_an_amount_of_memory_is_taken(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BULLETIN_MEMORY_LIMIT", words)
    with connect(Settings(home=tmp_path)) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("words", ["many", "0", "-2", "1.5"])
def test_what_is_no_number_of_threads_is_refused(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BULLETIN_THREADS", words)
    with pytest.raises(UserError) as raised:
        Settings()
    assert raised.value.code == ExitCode.BAD_INPUT and "BULLETIN_THREADS" in raised.value.message("en")


def test_a_wrong_limit_ends_a_command_before_it_does_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BULLETIN_MEMORY_LIMIT", "lots")
    said = bulletin("build", "--home", str(tmp_path / "home"))
    assert said.code == ExitCode.BAD_INPUT and not said.has_traceback, said.text
    assert "such as 6GB" in said.text
    assert not (tmp_path / "home").exists()


def test_too_little_memory_is_said_with_what_to_do(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with connect(settings) as connection:
        connection.execute("set memory_limit = '4MB'")
        connection.execute("set temp_directory = ''")
        with pytest.raises(duckdb.OutOfMemoryException) as raised:
            connection.execute("create temp table t as select md5(range::varchar) from range(1000000)")
    assert unexpected(settings, raised.value) == ExitCode.BROKEN_INSTALLATION
    said = capsys.readouterr().err
    assert "Not enough memory" in said and "BULLETIN_MEMORY_LIMIT" in said and "BULLETIN_THREADS" in said
    assert "Traceback" not in said


def test_too_little_memory_in_a_model_is_said_with_what_to_do() -> None:
    short = "Runtime Error in model fct_settlement\n  Out of Memory Error: failed to allocate (20.0 MiB/20.0 MiB used)"
    failed = NodeResult("model.m.fct_settlement", "model", "error", None, 1.0, short, None, "core", "fct_settlement")
    with pytest.raises(UserError) as raised:
        stages.require_whole([failed])
    assert raised.value.code == ExitCode.BROKEN_INSTALLATION
    said = raised.value.message("en")
    assert "core.fct_settlement" in said and "BULLETIN_MEMORY_LIMIT" in said


def test_no_room_for_what_does_not_fit_is_another_matter() -> None:
    full = "Out of Memory Error: failed to offload data block (10 GiB/10 GiB used). max_temp_directory_size"
    failed = NodeResult("model.m.fct_stay", "model", "error", None, 1.0, full, None, "core", "fct_stay")
    with pytest.raises(UserError) as raised:
        stages.require_whole([failed])
    assert "disk" in raised.value.message("en")


def test_a_failed_model_names_places_that_there_are(settings: Settings) -> None:
    """dbt keeps no log here; what it wrote is the SQL that it ran."""
    failed = NodeResult("model.m.fct_stay", "model", "error", None, 1.0, "Binder Error", None, "core", "fct_stay")
    with pytest.raises(UserError) as raised:
        stages.require_whole([failed])
    assert "dbt.log" not in raised.value.message("zh") and "dbt_target/compiled/" in raised.value.message("zh")
    assert settings.dbt_target == settings.home / "dbt_target"


def test_models_share_the_memory_only_where_what_was_taken_in_fits_into_it(tmp_path: Path) -> None:
    home = Settings(home=tmp_path / "home", memory_limit="10MiB", threads=2)
    past = replace(home, home=home.home / "as_of" / "2026-01-31", source_home=home.home)
    file = home.raw / "setl_d" / "202401" / "1.parquet"
    file.parent.mkdir(parents=True)
    assert models_at_once(home) == 2, "nothing taken in yet"
    for megabytes, at_once in ((10, 2), (11, 1)):
        with file.open("wb") as stream:
            stream.truncate(megabytes << 20)
        assert [models_at_once(each) for each in (home, past)] == [at_once, at_once]
