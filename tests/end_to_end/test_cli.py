"""The command line: quick help, both languages, exit codes, one run at a time, never a traceback."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import click
import duckdb
import pytest

from dagster_project import run_lock
from dagster_project.bulletin.compose import KINDS
from dagster_project.cli import cli
from dagster_project.dbt_parse import models_fingerprint
from dagster_project.errors import UserError
from dagster_project.ingest import prepare_warehouse
from dagster_project.settings import Settings
from dagster_project.stages import MODELS_KEY
from dagster_project.verbs import making
from dagster_project.verbs.guard import guarded
from dagster_project.verbs.making import wanted_years
from dagster_project.warehouse import connect
from tests.warehouse_api import bulletin

BAD_INPUT, BROKEN = 2, 3
HEAVY = {"dagster", "dbt", "duckdb", "great_expectations", "polars", "pyarrow", "pandas", "altair", "rich"}


def test_help_comes_at_once_and_imports_nothing_heavy() -> None:
    code = "import sys, dagster_project.cli; print(' '.join(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not HEAVY & {name.split(".")[0] for name in modules}
    begun = time.monotonic()
    assert bulletin("--help").code == 0
    assert time.monotonic() - begun < 3, "a second on a quiet machine"


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_each_verb_explains_itself_in_both_languages(name: str) -> None:
    said = bulletin(name, "--help")
    assert said.code == 0
    assert "--lang" in said.text
    text = cli.commands[name].help or ""
    assert any("\u4e00" <= letter <= "\u9fff" for letter in text), "Chinese comes first"
    assert any(letter.isascii() and letter.isalpha() for letter in text)


def test_freeze_tells_what_each_kind_of_vintage_means() -> None:
    said = bulletin("freeze", "--help").text
    for kind in KINDS:
        if kind != "draft":
            assert KINDS[kind].zh in said and f"{kind} " in said, kind
    assert "最终数" in said and "初步数" in said and "--accept" in said
    (listed,) = [line for line in bulletin("--help").text.splitlines() if line.strip().startswith("freeze ")]
    assert "bulletin " not in listed, "the list of verbs keeps to one line"


def test_the_verbs_of_the_stable_interface_are_there() -> None:
    wanted = {"sample", "try", "run", "ingest", "build", "check", "export", "freeze", "explain", "diff", "serve"}
    assert wanted <= set(cli.commands)


@pytest.mark.parametrize(
    "words",
    [
        ["dance"], ["run", "--year", "twenty"], ["freeze"], ["sample", "--scale", "7", "x"], ["explain"],
        ["sample", "--province", "9999", "x"],
    ],
)  # fmt: skip
def test_wrong_usage_is_exit_2(words: list[str]) -> None:
    said = bulletin(*words)
    assert said.code == BAD_INPUT, said.text
    assert not said.has_traceback


def test_messages_follow_the_language(tmp_path: Path) -> None:
    home = str(tmp_path / "nowhere")
    assert "来源文件夹" in bulletin("run", "--home", home, "--lang", "zh").text
    assert "landing folder" in bulletin("run", "--home", home, "--lang", "en").text
    assert not (tmp_path / "nowhere").exists(), "a wrong path makes nothing"


def test_years_of_the_sample_are_a_list_or_a_range() -> None:
    assert wanted_years(["2023", "2025"]) == (2023, 2025)
    assert wanted_years(["2023-2025"]) == (2023, 2024, 2025)
    assert wanted_years([]) == (2023, 2024, 2025)


@pytest.mark.parametrize(
    ("scale", "years", "where"), [(1.0, ["20x"], "--years"), (0, [], "--scale"), (7, [], "--scale")]
)
def test_a_refused_sample_says_what_to_write(tmp_path: Path, scale: float, years: list[str], where: str) -> None:
    with pytest.raises(UserError) as refused:
        making.sample(Settings(home=tmp_path), tmp_path / "landing", scale, years, 1)
    for language, todo, word in (("zh", "处理：", "例如"), ("en", "What to do: ", "such as")):
        message = refused.value.message(language)
        assert where in message and todo in message and word in message.partition(todo)[2]
    assert not (tmp_path / "landing").exists()


def test_a_second_run_is_told_to_wait(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "landing").mkdir(parents=True)
    (home / "landing" / "admdvs_dim_a.csv").touch()
    run_lock.hold(Settings(home=home))
    try:
        said = bulletin("ingest", "--home", str(home))
    finally:
        run_lock.release(Settings(home=home))
    assert said.code == BAD_INPUT
    assert "Another run" in said.text
    assert not (home / "warehouse.duckdb").exists()


def test_a_warehouse_that_somebody_has_open_is_said(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "landing").mkdir(parents=True)
    connection = duckdb.connect(str(home / "warehouse.duckdb"))
    try:
        said = bulletin("ingest", "--home", str(home))
    finally:
        connection.close()
    assert said.code == BAD_INPUT
    assert "serving/medical_insurance.duckdb" in said.text
    assert not said.has_traceback


def test_a_fault_of_the_machine_is_one_message_and_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    settings = Settings(home=tmp_path, language="en")
    assert guarded(settings, full) == BROKEN  # type: ignore[arg-type]
    said = capsys.readouterr().err
    assert "make room" in said
    assert "Traceback" not in said
    assert "No space left" in (tmp_path / "logs" / "error.log").read_text(encoding="utf-8")


def test_a_warehouse_of_older_models_is_said_with_what_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a model of an older version lacks is asked for: a label of a row, a column, a table."""
    settings = Settings(home=tmp_path, language="en")

    def ask_for_a_label() -> None:
        raise KeyError("travel_class")

    def ask_for_a_column() -> None:
        with connect(settings) as connection:
            connection.execute("select travel_class from ops.built_load")

    def ask_for_a_table() -> None:
        with connect(settings) as connection:
            connection.execute("from indicator.labelled_told")

    for models, told in (("of an older version", "bulletin run"), (models_fingerprint(), "The environment failed")):
        with connect(settings) as connection:
            prepare_warehouse(connection)
            connection.execute("insert or replace into ops.meta values (?, ?)", [MODELS_KEY, models])
        for action in (ask_for_a_label, ask_for_a_column, ask_for_a_table):
            assert guarded(settings, action) == BROKEN  # type: ignore[arg-type]
            said = capsys.readouterr().err
            assert told in said and "error.log" in said and "Traceback" not in said


def test_a_broken_warehouse_file_is_exit_3(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "landing").mkdir(parents=True)
    (home / "warehouse.duckdb").write_bytes(b"this is no database" * 100)
    said = bulletin("ingest", "--home", str(home))
    assert said.code == BROKEN
    assert not said.has_traceback


@pytest.mark.parametrize(
    "words", [["build"], ["check"], ["serve"], ["export"], ["explain", "coverage_rate", "--year", "2024"]]
)
def test_a_home_without_data_is_said(tmp_path: Path, words: list[str]) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    said = bulletin(*words, "--home", str(empty))
    assert said.code == BAD_INPUT, said.text
    assert "Nothing has been loaded" in said.text
    assert not (empty / "warehouse.duckdb").exists()


def test_definitions_are_printed_with_what_else_they_may_be() -> None:
    said = bulletin("definitions", "--year", "2023", "--home", "nowhere")
    assert said.code == 0
    assert "bed_day_rule" in said.text
    assert "end_minus_begin_plus1" in said.text
    (since,) = [
        line
        for line in bulletin("definitions", "balance_scope", "--year", "2023", "--home", "nowhere").text.splitlines()
        if "since" in line
    ]
    assert since.strip() == "pool_only (pooled funds), since 2023, by national.yml"
    (touched,) = [
        line
        for line in bulletin("definitions", "coverage_denominator", "--home", "nowhere").text.splitlines()
        if "touches" in line
    ]
    assert "overage" in touched
    assert bulletin("definitions", "bed_days", "--home", "nowhere").code == BAD_INPUT


def test_vintages_and_the_file_of_their_differences_are_told_apart(tmp_path: Path) -> None:
    home = ["--year", "2025", "--home", str(tmp_path)]
    said = bulletin("diff", *home, "--from", "quick_report", "--to", "bulletin", "--to", str(tmp_path / "all.csv"))
    assert said.code == BAD_INPUT and "Nothing has been loaded" in said.text
    said = bulletin("diff", *home, "quick_report", "--from", "bulletin")
    assert said.code == BAD_INPUT and "one older vintage" in said.text


@pytest.mark.parametrize(("verb", "order"), [("diff", "[OLD] [NEW]"), ("compare-definitions", "A B")])
def test_arguments_come_in_the_order_in_which_they_are_told(verb: str, order: str) -> None:
    assert f"{verb} [OPTIONS] {order}" in bulletin(verb, "--help").text
    assert [one.name for one in cli.commands[verb].params if isinstance(one, click.Argument)] == ["old", "new"]


def test_a_request_sheet_is_written(tmp_path: Path) -> None:
    said = bulletin("request", "--year", "2025", "--to", str(tmp_path))
    assert said.code == 0, said.text
    assert {path.suffix for path in tmp_path.iterdir()} == {".xlsx", ".sql"}
