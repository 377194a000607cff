"""Names of columns that only a province's own file explains, and mistakes in that file."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.dictionary.province_files import require_valid_files
from dagster_project.errors import ExitCode, UserError
from dagster_project.ingest import try_file
from dagster_project.ingest.column_names import load_column_names
from dagster_project.preflight import require_ready
from tests.intake_world import Home, rows, text

FOREIGN = {"setl_id": "结算流水号", "psn_no": "人员编码", "medfee_sumamt": "总费用(元)"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


def name_columns(home: Home, content: str, province: str = "520000") -> Path:
    """Write a province's file of column names."""
    home.settings.provinces.mkdir(parents=True, exist_ok=True)
    path = home.settings.provinces / f"{province}.columns.yml"
    path.write_text(content, encoding="utf-8")
    return path


def named(names: dict[str, str], extract: str = "setl_d") -> str:
    """A file of column names: column to name as delivered."""
    return f"{extract}:\n" + "".join(f'  "{given}": {column}\n' for column, given in names.items())


def test_names_of_a_province_are_read_and_recorded(home: Home) -> None:
    path = home.put_rows("setl_d_1.csv", rows("setl_d", 3), header=FOREIGN)
    assert "结算流水号" in home.reasons()["setl_d_1.csv"], "before anybody said what the names mean"
    name_columns(home, named(FOREIGN | {"medfee_sumamt": " 总费用(元) "}))
    require_valid_files(home.settings)
    trial = try_file(home.settings, path).files[0]
    assert trial.refusal is None and ("结算流水号", "setl_id") in trial.matched
    (file,) = home.run().loaded
    assert (file.rows_read, file.rows_accepted) == (3, 3)
    assert home.value("select count(*) from raw.setl_d where setl_id = 'set1'") == 1
    reason = home.value("select reason from ops.file where status = 'loaded'")
    assert all(f"{given}→{column}" in reason for column, given in FOREIGN.items())
    assert not trial.notes or trial.notes == file.reason


def test_names_of_another_province_say_nothing(home: Home) -> None:
    home.put_rows("setl_d_1.csv", rows("setl_d", 3))
    home.run()  # now the home is of 520000
    name_columns(home, named(FOREIGN), "330000")
    home.put_rows("setl_d_2.csv", rows("setl_d", 3, start=9), header=FOREIGN)
    assert "结算流水号" in home.reasons()["setl_d_2.csv"]
    home.put("b1/setl_d_3.csv", text(rows("setl_d", 3, start=20), header=FOREIGN))
    home.manifest("b1", province="330000", files=[{"file": "setl_d_3.csv"}])
    assert home.outcome()["b1/setl_d_3.csv"] == ("loaded", 3, 0), "its manifest says whose it is"


def test_L35_two_provinces_with_names_and_a_file_of_neither_are_no_guess(home: Home) -> None:
    for province in ("330000", "530000"):
        name_columns(home, named(FOREIGN), province)
    home.put_rows("setl_d_1.csv", rows("setl_d", 3), header=FOREIGN)
    assert "结算流水号" in home.reasons()["setl_d_1.csv"]


def test_a_column_by_its_own_name_and_a_foreign_one_stands_twice(home: Home) -> None:
    name_columns(home, named({"setl_id": "结算流水号"}))
    home.put_rows("setl_d_1.csv", [line | {"结算流水号": "x"} for line in rows("setl_d", 3)])
    assert "setl_id" in home.reasons()["setl_d_1.csv"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("settlements:\n  a: setl_id\n", "settlements"),
        ("setl_d:\n  a: setl_idd\n", "setl_id"),
        ("setl_d:\n  a: setl_id\n  b: setl_id\n", "同一列"),
        ("setl_d:\n  a: setl_id\n  a: psn_no\n", "两次"),
        ("setl_d:\n  a: setl_id\n  ' A ': psn_no\n", "两次"),
        ("setl_d:\n  人员编号: setl_id\n", "psn_no"),
        ("setl_d:\n  mdtrtarea_admvs: setl_id\n", "fix_blng_admdvs"),
        ("setl_d:\n  1: setl_id\n", "引号"),
        ("setl_d:\n  '': setl_id\n", "引号"),
        ("setl_d: setl_id\n", "契约列名"),
        ("- setl_d\n", "键值"),
        ("setl_d: [\n", "无法读取"),
    ],
)
def test_a_mistake_is_told_before_anything_is_done(home: Home, content: str, said: str) -> None:
    path = name_columns(home, content)
    home.put_rows("setl_d_1.csv", rows("setl_d", 3))
    for attempt in (home.run, lambda: require_ready(home.settings), lambda: load_column_names(home.settings)):
        with pytest.raises(UserError) as raised:
            attempt()
        assert raised.value.code == ExitCode.BAD_INPUT and str(path) in str(raised.value.where)
        assert said in raised.value.message("zh") and "列名对照" in raised.value.message("zh")
    assert home.value("select count(*) from ops.file") == 0


def test_shipped_files_can_be_read(tmp_path: Path) -> None:
    assert "520000" in load_column_names(Home(tmp_path / "home").settings)
