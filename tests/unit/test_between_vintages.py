"""What came between two vintages, by cause (L70), and which rows count at each step between them (L85): a small home whose every row
is known."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dagster_project.causes.moved import Moved, find_moved, hold_step
from dagster_project.desk.targets import find_target
from dagster_project.desk.unloading import unload
from dagster_project.explain.between import Between, between
from dagster_project.explain.differences import render
from dagster_project.explain.vintages import COMPARED, FROZEN_FILE, KEY, Difference, compare, descriptor_of
from dagster_project.explain.waterfall import CORRECTED, LATE, OLD, REVERSALS, TAKEN_OUT
from dagster_project.warehouse import connect
from tests.intake_world import Home, row

YEAR = 2024
NEWER, NEWEST, OLDER = "2024-02-01 00:00:00", "2024-03-01 00:00:00", "2023-12-01 00:00:00"


def freeze(home: Home, name: str, definition: str = "ledger") -> None:
    """A frozen vintage of one number, which the vintage decides, with the loads of this moment."""
    folder = home.settings.publication / str(YEAR) / name
    folder.mkdir(parents=True)
    number = dict.fromkeys(KEY, "total") | {"year": YEAR, "month": None, "indicator_id": "insured_total"}
    number |= dict.fromkeys(COMPARED) | {"value": float(name[:4]), "status": "final", "definition_id": definition}
    floats = dict.fromkeys(("value", "numerator", "denominator"), pl.Float64)
    pl.DataFrame([number], schema_overrides=floats | {"month": pl.Int32}).write_parquet(folder / FROZEN_FILE)
    inputs = [
        {"load_id": load, "sha256": sha} for load, sha in home.query("select load_id, sha256 from ops.load order by 1")
    ]
    told: dict[str, object] = {"made_at": f"{name[:4]}-01-01", "frozen_at": f"{name[:4]}-01-01", "inputs": inputs}
    told["code_version"] = "0.2" if name == "2028_monthly" else "0.1"
    told["definitions"] = {definition: {"reversal_measure": definition, "netting": "link_and_flag"}}
    (folder / "release.json").write_text(json.dumps(told), encoding="utf-8")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Four vintages: as first delivered; after late rows, reversals, corrections and an unloaded file, under another definition;
    after a reversed row was delivered again; and with nothing new."""
    home = Home(tmp_path_factory.mktemp("between") / "home")
    home.put_rows("setl_d_a.csv", [row("setl_d", number) for number in range(1, 5)])
    home.put_rows("setl_d_wrong.csv", [row("setl_d", 5), row("setl_d", 6)])
    home.run()
    freeze(home, "2025_quick_report")

    with connect(home.settings) as connection:
        target = find_target(connection, home.settings, "setl_d_wrong.csv")
        unload(connection, home.settings, target, "test", "wrong file", "unload1")
    (home.landing / "setl_d_wrong.csv").unlink()
    taken_back = row("setl_d", 1, refd_setl_flag="1", updt_time=NEWER)
    home.put_rows(
        "setl_d_b.csv",
        [
            row("setl_d", 5),  # of the file that was taken out; the other row of it does not come again
            row("setl_d", 7),
            row("setl_d", 8),
            taken_back,
            row("setl_d", 9, init_setl_id="set1", refd_setl_flag="1"),
            row("setl_d", 2, updt_time=NEWER, emp_no="right"),
            row("setl_d", 3, updt_time=OLDER, emp_no="older"),  # never seen: changes nothing
            row("setl_d", 4, updt_time=NEWER, emp_no="nearly"),
        ],
    )
    home.put_rows(
        "setl_fund_sbit_d_b.csv",
        [row("setl_fund_sbit_d", 1, setl_id="set7"), row("setl_fund_sbit_d", 2, setl_id="set9")],
    )
    home.run()
    home.put_rows("setl_d_c.csv", [row("setl_d", 4, updt_time=NEWEST, emp_no="right")])
    home.run()
    freeze(home, "2026_bulletin", "as_known")

    home.put_rows("setl_d_d.csv", [taken_back | {"updt_time": NEWEST, "emp_no": "right"}])
    home.run()
    freeze(home, "2027_yearbook", "as_known")
    freeze(home, "2028_monthly", "as_known")
    return home


def found(home: Home, old: str, new: str) -> tuple[Difference, Between]:
    difference = compare(home.settings, YEAR, old, new)
    told = between(home.settings, difference)
    assert told is not None
    return difference, told


def test_L70_rows_between_two_vintages_are_late_reversals_corrected_or_taken_out(home: Home) -> None:
    difference, told = found(home, "quick_report", "bulletin")
    assert told.rows == {
        "setl_d": Counter(late=2, reversal=2, corrected=3, taken_out=1),
        "setl_fund_sbit_d": Counter(late=1, reversal=1),
    }
    assert (told.came, told.went) == (3, 1)
    assert told.choices == {("reversal_measure", "ledger", "as_known"): 1} and not told.unnamed
    said = render(difference, "zh", told)
    assert "迟到数据 3 行，冲销 3 行，更正 3 行，撤出 1 行" in said
    assert "口径变更：reversal_measure ledger → as_known，涉及下列数中的 1 个" in said
    assert "程序版本" not in said and "--causes" in said
    assert "late 3, reversals 3, corrected 3, taken out 1" in render(difference, "en", told)


def test_rows_add_up_to_the_keys_that_count(home: Home) -> None:
    """By another route: the settlements themselves, counted in the files."""
    _, told = found(home, "quick_report", "bulletin")
    before, after = {1, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 5, 7, 8, 9}
    mirrors = {9}
    assert told.rows["setl_d"]["late"] == len(after - before - mirrors)
    assert told.rows["setl_d"]["taken_out"] == len(before - after)


def test_a_reversed_row_that_is_delivered_again_is_a_correction(home: Home) -> None:
    _, told = found(home, "bulletin", "yearbook")
    assert told.rows == {"setl_d": Counter(corrected=1)} and not told.choices


def test_nothing_came_nothing_is_told(home: Home) -> None:
    difference, told = found(home, "yearbook", "monthly")
    assert (told.came, told.went, told.rows) == (0, 0, {})
    said = render(difference, "zh", told)
    assert "两版之间没有入库或撤出文件。" in said and "迟到" not in said and "--causes" not in said
    assert "其他：两版由不同的程序版本算出（0.1 → 0.2）" in said


def test_a_home_that_was_filled_anew_tells_nothing(home: Home, tmp_path: Path) -> None:
    copied = home.copy(tmp_path / "home")
    difference = compare(copied.settings, YEAR, "bulletin", "yearbook")
    moved = copied.settings.raw.rename(copied.settings.home / "elsewhere")
    assert between(copied.settings, difference) is None, "raw files that are gone are no traceback"
    moved.rename(copied.settings.raw)
    assert between(copied.settings, difference) is not None
    with connect(copied.settings) as connection:
        connection.execute("update ops.load set sha256 = 'other'")
    assert between(copied.settings, difference) is None


@contextmanager
def moved(home: Home, place: Path, old: str, new: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, Moved]]:
    """A copy of the warehouse in which the steps between two vintages can be held."""
    place.mkdir()
    shutil.copyfile(home.settings.warehouse, place / "warehouse.duckdb")
    told = [descriptor_of(home.settings, YEAR, name) for name in (old, new)]
    with connect(replace(home.settings, home=place, source_home=home.settings.home)) as connection:
        loads = ([one["load_id"] for one in release["inputs"]] for release in told)
        yield connection, find_moved(connection, home.settings.home, *loads, told[0]["made_at"])


def counting(connection: duckdb.DuckDBPyConnection, extract: str, columns: str) -> set[tuple[object, ...]]:
    rows = connection.execute(
        f"select {columns} from raw.{extract} anti join (select * from ops.superseded where extract = '{extract}') "
        "using (load_id, source_row)"
    ).fetchall()
    assert len(rows) == len(set(rows))
    return set(rows)


def test_L85_rows_come_and_go_at_the_step_of_their_cause(home: Home, tmp_path: Path) -> None:
    with moved(home, tmp_path / "copy", "2025_quick_report", "2026_bulletin") as (connection, told):
        assert told.steps == (TAKEN_OUT, LATE, CORRECTED, REVERSALS)
        held, parts, files = {}, {}, {}
        for step in (OLD, *told.steps):
            hold_step(connection, told, step)
            settlements = counting(connection, "setl_d", "setl_id, coalesce(emp_no, ''), refd_setl_flag, source_file")
            held[step] = {(name[3:], employer, flag) for name, employer, flag, _ in settlements}
            files[step] = {name: file for name, *_, file in settlements}
            parts[step] = {name for (name,) in counting(connection, "setl_fund_sbit_d", "setl_id")}
            assert connection.execute("select * from ops.touched_month").fetchall() == [(202401,)]
    first = {(name, "", "0") for name in "123456"}
    late = first - {("6", "", "0")} | {("7", "", "0"), ("8", "", "0")}
    right = late - {("2", "", "0"), ("4", "", "0")} | {("2", "right", "0"), ("4", "right", "0")}
    assert held == {
        OLD: first,
        TAKEN_OUT: first - {("6", "", "0")},
        LATE: late,
        CORRECTED: right,
        REVERSALS: right - {("1", "", "0")} | {("1", "", "1"), ("9", "", "1")},
    }
    # What comes again under a key of the file taken out is of that file until corrected rows are let in.
    assert files[LATE]["set5"] == "setl_d_wrong.csv" and files[CORRECTED]["set5"] == "setl_d_b.csv"
    assert parts == {OLD: set(), TAKEN_OUT: set(), LATE: {"set7"}, CORRECTED: {"set7"}, REVERSALS: {"set7", "set9"}}


def test_the_last_step_holds_what_the_newer_vintage_counted(home: Home, tmp_path: Path) -> None:
    with moved(home, tmp_path / "copy", "2026_bulletin", "2027_yearbook") as (connection, told):
        assert told.steps == (LATE, CORRECTED)  # a load came, no row of it late
        hold_step(connection, told, CORRECTED)
        of_extract = "select load_id, source_row from ops.superseded where extract = 'setl_d' order by all"
        assert connection.execute(of_extract).fetchall() == home.query(of_extract)
        assert connection.execute("select load_id from ops.load order by 1").fetchall() == home.query(
            "select load_id from ops.load order by 1"
        )
