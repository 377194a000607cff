"""Taking a load out again (L31): accounts, row versions, months due, and what stays."""

from __future__ import annotations

import json
import uuid
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dagster_project.as_of import recall
from dagster_project.bulletin.frozen import _refuse_later_files
from dagster_project.desk.corrections import land_corrections
from dagster_project.desk.targets import find_target
from dagster_project.desk.unloading import Moved, undo, unload
from dagster_project.errors import ExitCode, UserError
from dagster_project.ingest import mark_built, prepare_warehouse
from dagster_project.verbs import desk
from dagster_project.verbs import loads as cli_loads
from dagster_project.warehouse import connect
from tests.fail_points import SIDES, kill_at
from tests.intake_world import Home, row, rows, sha256

DRIVES_UNLOAD = ("desk.commit_unload",)


def take_out(home: Home, named: str, back: bool = False) -> Moved:
    with connect(home.settings) as connection:
        prepare_warehouse(connection)
        target = find_target(connection, home.settings, named, unloaded=back)
        return (undo if back else unload)(connection, home.settings, target, "王工", "发错了文件", str(uuid.uuid4()))


def state(home: Home) -> dict[str, Any]:
    """What the rest of the product reads of a home, its loads called by their files."""
    source = "(select source_file from ops.load where load.load_id = t.load_id) as source"
    told: dict[str, Any] = {
        table: home.query(
            f"select t.* exclude (load_id), {source} from raw.{table} as t anti join "
            f"(select * from ops.superseded where extract = '{table}') as gone using (load_id, source_row) order by all"
        )
        for table in ("setl_d", "psn_insu_d", "psn_info_b", "fixmedins_b")
    }
    for table in ("load_month", "rule_count", "row_concerned", "unmapped_code", "redelivered"):
        without = "load_id, raw_file" if table == "load_month" else "load_id"
        told[table] = home.query(f"select t.* exclude ({without}), {source} from ops.{table} as t order by all")
    told["load"] = home.query("select * exclude (load_id, loaded_at, rows_superseded) from ops.load order by all")
    told["held"] = home.query("select t.* exclude (load_id) from quarantine.rejected_row as t order by all")
    told["meta"] = home.query("select * from ops.meta where key in ('province', 'synthetic') order by all")
    return told


def settlements() -> dict[str, list[dict[str, str]]]:
    """Three files whose rows supersede each other in a chain, in two months, with a rejected row and an odd code."""
    other = {"setl_time": "2024-02-20 10:00:00", "enddate": "2024-02-20"}
    return {
        "a": [row("setl_d", 1, emp_no="a"), row("setl_d", 2, emp_no="a"), row("setl_d", 3, emp_no="a", **other)],
        "b": [
            row("setl_d", 1, emp_no="b", updt_time="2024-03-01 00:00:00"), row("setl_d", 3, emp_no="b", **other),
            row("setl_d", 7, psn_pay="1"), row("setl_d", 8, med_type="777"),
        ],
        "c": [row("setl_d", 1, emp_no="c", updt_time="2024-04-01 00:00:00"), row("setl_d", 2, emp_no="c")],
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong, orders",
    [
        pytest.param("a", ["abc"], marks=pytest.mark.long),
        ("b", ["abc"]),
        pytest.param("b", ["cab"], marks=pytest.mark.long),
        pytest.param("c", ["bca"], marks=pytest.mark.long),
    ],
)
def test_L31_whatever_the_order_the_state_is_that_of_a_home_that_never_saw_the_file(
    tmp_path: Path, wrong: str, orders: list[str]
) -> None:
    files = settlements()
    never = Home(tmp_path / "never", key=tmp_path / "key")
    for name in sorted(files.keys() - {wrong}):
        never.put_rows(f"setl_d_{name}.csv", files[name])
    never.run()
    for order in orders:
        home = Home(tmp_path / order, key=tmp_path / "key")
        for name in order:
            home.put_rows(f"setl_d_{name}.csv", files[name])
            home.run()
        before = state(home)
        take_out(home, f"setl_d_{wrong}.csv")
        assert state(home) == state(never)
        assert {file.status for file in home.run().files} == {"duplicate", "unloaded"}
        assert state(home) == state(never), "the file that lies in the landing folder is not taken in again"
        take_out(home, f"setl_d_{wrong}.csv", back=True)
        assert state(home) == before


def correct(home: Home, cells: dict[str, str]) -> str:
    """Hand in settlements, named by load and record, with another `psn_pay`, as the desk does, and take them in; the file's name."""
    with connect(home.settings) as connection:
        prepare_warehouse(connection)
        book = {reference: {"psn_pay": cell} for reference, cell in cells.items()}
        landed = land_corrections(connection, home.settings, book, "held.xlsx", "run")
    assert landed.folder is not None
    (outcome,) = home.run().loaded
    return outcome.source_file


def test_L31_corrections_made_at_the_desk_go_and_come_with_their_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, never = Home(tmp_path / "home", key=tmp_path / "key"), Home(tmp_path / "never", key=tmp_path / "key")
    wrong = [
        row("setl_d", 1),
        row("setl_d", 2, psn_pay="x"),
        row("setl_d", 3, psn_pay="x"),
        row("setl_d", 4, psn_pay="x"),
    ]
    home.put_rows("setl_d_1.csv", wrong)
    for each in (home, never):
        each.put_rows("setl_d_2.csv", rows("setl_d", 2, start=5))
        each.run()
    held = state(home)
    # One row is right at once, one is wrong again and right the second time; the third waits.
    first = correct(home, {"1:2": "40.00", "1:3": "y"})
    between = state(home)
    second = correct(home, {"3:2": "40.00"})
    before = state(home)
    assert len(before["setl_d"]) == 5 and len(before["held"]) == 1
    # A correction alone, and back.
    take_out(home, second)
    assert state(home) == between
    take_out(home, second, back=True)
    assert state(home) == before
    # The file with all that was corrected of it, as one act.
    assert desk.unload(home.settings, "setl_d_1.csv", "发错了", "王工", back=False, build=False) == ExitCode.DONE
    told = capsys.readouterr().out
    assert "对它的更正（quarantine --take）一并撤出：2 个入库" in told and "2 行" in told
    assert state(home) == state(never)
    assert home.query("select distinct who, run_id, unloaded_at from ops.unload where undone_at is null")[1:] == []
    assert {file.status for file in home.run().files} == {"duplicate", "unloaded"}, "no correction comes in again"
    with pytest.raises(UserError, match="still out"):
        take_out(home, first, back=True)
    assert desk.unload(home.settings, "setl_d_1.csv", "没有错", "王工", back=True, build=False) == ExitCode.DONE
    assert "一并取回：2 个入库" in capsys.readouterr().out and state(home) == before
    # What went out by itself stays out when its file comes back; what was handed in and not taken in yet is not taken in without it.
    take_out(home, second)
    take_out(home, "setl_d_1.csv")
    take_out(home, "setl_d_1.csv", back=True)
    assert state(home) == between
    take_out(home, first)
    assert state(home) == held
    with connect(home.settings) as connection:
        prepare_warehouse(connection)
        land_corrections(connection, home.settings, {"1:4": {"psn_pay": "40.00"}}, "held.xlsx", "run")
    take_out(home, "setl_d_1.csv")
    (refused,) = home.run().refused
    assert "has been unloaded" in str(refused.reason)
    take_out(home, "setl_d_1.csv", back=True)
    assert [file.rows_accepted for file in home.run().loaded] == [1]


def registers(home: Home, leave_out: str = "") -> None:
    """Full deliveries of a register: the second repeats one file, lacks a person and holds a new one."""
    for batch, count in (("d1", 3), ("d2", 2), ("d3", 2)):
        for name, first, people in (("1", 1, 2), ("2", 11, count)):
            if f"{batch}/{name}" != leave_out:
                home.put_rows(
                    f"{batch}/psn_insu_d_{name}.csv",
                    rows("psn_insu_d", people, start=first, psn_no="p", emp_no=batch * (batch == "d3")),
                )
        home.manifest(batch, extracted_at=f"2024-0{batch[1]}-15T00:00:00", delivery="full")
        home.run()


@pytest.mark.parametrize("wrong", ["d2/2", pytest.param("d3/1", marks=pytest.mark.long)])
def test_L31_rows_that_a_full_delivery_closed_are_open_again(tmp_path: Path, wrong: str) -> None:
    never, home = Home(tmp_path / "never", key=tmp_path / "key"), Home(tmp_path / "home", key=tmp_path / "key")
    registers(never, leave_out=wrong)
    registers(home)
    before = state(home)
    named = wrong.replace("/", "/psn_insu_d_") + ".csv"
    take_out(home, named)
    assert state(home) == state(never)
    take_out(home, named, back=True)
    assert state(home) == before


def test_L31_the_only_file_of_an_extract_and_the_last_of_a_home(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.put_rows("setl_d_1.csv", rows("setl_d", 2))
    home.put_rows("psn_info_b.csv", rows("psn_info_b", 2))
    home.run()
    before = state(home)
    assert take_out(home, "psn_info_b.csv").loads_left == 1
    assert state(home)["psn_info_b"] == [] and state(home)["meta"] == before["meta"]
    assert take_out(home, "setl_d_1.csv").loads_left == 0
    assert state(home)["meta"] == [], "the home may become another's"
    for name in ("psn_info_b.csv", "setl_d_1.csv"):
        take_out(home, name, back=True)
    assert state(home) == before


def test_L31_a_home_that_has_become_real_does_not_take_an_invented_file_back(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.put_rows("fixmedins_b_synthetic.csv", rows("fixmedins_b", 1))
    home.run()
    take_out(home, "1")
    home.put_rows("setl_d_1.csv", rows("setl_d", 1))
    assert home.run().loaded[0].load_id == 2, "a number is not given twice"
    with pytest.raises(UserError, match="another"):
        take_out(home, "1", back=True)


def test_L31_the_months_that_are_touched_become_due(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    for name, table in settlements().items():
        home.put_rows(f"setl_d_{name}.csv", table)
    home.put_rows("setl_fund_sbit_d_1.csv", rows("setl_fund_sbit_d", 1, setl_id="set2"))
    home.run()
    with connect(home.settings) as connection:
        mark_built(connection)
    moved = take_out(home, "setl_d_b.csv")
    assert (moved.months, moved.rows_back, moved.rows_gone) == ([202401, 202402], 1, 0)
    assert home.query("select distinct reason from ops.touched_reason") == [("unloaded",)]
    with connect(home.settings) as connection:
        mark_built(connection)
    moved = take_out(home, "setl_fund_sbit_d_1.csv")
    assert (moved.months, moved.months_compared) == ([], [202401])
    assert home.query("select who, reason from ops.unload") == [("王工", "发错了文件")] * 2


def test_L31_raw_stays_and_a_past_day_is_told_as_it_was_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    files = settlements()
    for number, name in enumerate(files, 1):
        home.put_rows(f"b{name}/setl_d_{name}.csv", files[name])
        home.manifest(f"b{name}", extracted_at=f"2026-01-0{number}T00:00:00")
    monkeypatch.setenv("BULLETIN_NOW", "2026-01-05T00:00:00+00:00")
    home.run()

    def known(day: int) -> list[tuple[Any, ...]]:
        past = recall(home.settings, date(2026, 1, day))
        with connect(past) as connection:
            return connection.execute(
                "select setl_id, emp_no from raw.setl_d anti join ops.superseded using (load_id, source_row) order by all"
            ).fetchall()

    before = {day: known(day) for day in range(1, 10)}
    raw = sorted(home.settings.raw.rglob("*.parquet"))
    monkeypatch.setenv("BULLETIN_NOW", "2026-01-06T17:00:00+00:00")  # the seventh in China
    take_out(home, "bb/setl_d_b.csv")
    home.run()
    assert sorted(home.settings.raw.rglob("*.parquet")) == raw
    assert {day: known(day) for day in range(1, 7)} == {day: before[day] for day in range(1, 7)}
    without = known(7)
    assert without == known(9) != before[9]
    monkeypatch.setenv("BULLETIN_NOW", "2026-01-08T00:00:00+00:00")
    take_out(home, "bb/setl_d_b.csv", back=True)
    assert [known(day) for day in (6, 7, 8)] == [before[6], without, before[8]]
    # Out and back within a day: the evening tells, with the file; out once more before midnight: without it.
    monkeypatch.setenv("BULLETIN_NOW", "2026-01-09T01:00:00+00:00")
    take_out(home, "bb/setl_d_b.csv")
    assert known(9) == without
    monkeypatch.setenv("BULLETIN_NOW", "2026-01-09T02:00:00+00:00")
    take_out(home, "bb/setl_d_b.csv", back=True)
    assert [known(day) for day in (7, 8, 9)] == [without, before[8], before[9]]
    monkeypatch.setenv("BULLETIN_NOW", "2026-01-09T15:59:59+00:00")  # a second before midnight in China
    take_out(home, "bb/setl_d_b.csv")
    assert [known(day) for day in (7, 8, 9)] == [without, before[8], without]


def test_a_load_is_named_by_its_number_or_by_the_file(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.put_rows("x/setl_d_1.csv", rows("setl_d", 1))
    home.run()
    home.put_rows("x/setl_d_1.csv", rows("setl_d", 2))
    home.run()
    with connect(home.settings) as connection:
        for named in ("setl_d_1.csv", "x/setl_d_1.csv", "nothing.csv", "7"):
            with pytest.raises(UserError):
                find_target(connection, home.settings, named)
        assert find_target(connection, home.settings, "2").loads == [2]
    take_out(home, "1")
    with connect(home.settings) as connection:
        for named in ("setl_d_1.csv", "x/setl_d_1.csv", str(home.landing / "x" / "setl_d_1.csv")):
            assert find_target(connection, home.settings, named).loads == [2]
        with pytest.raises(UserError, match="unloaded already"):
            find_target(connection, home.settings, "1")


def test_an_unknown_name_lists_the_nearest_loads_and_says_how_to_see_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path / "home")
    for month in range(1, 13):
        home.put_rows(f"m{month:02}/setl_d_2024{month:02}.csv", rows("setl_d", 1, start=month * 10))
    home.put_rows("population_ref.csv", rows("population_ref", 1))
    home.run()
    numbers = {str(source): str(load_id) for load_id, source in home.query("select load_id, source_file from ops.load")}

    def told(named: str, unloaded: bool = False) -> tuple[list[str], str]:
        with connect(home.settings) as connection, pytest.raises(UserError) as refused:
            prepare_warehouse(connection)
            find_target(connection, home.settings, named, unloaded)
        assert refused.value.todo is not None
        return refused.value.where.splitlines(), refused.value.todo.zh

    lines, todo = told("m07/setl_d_202417.csv")
    assert len(lines) == 6 and lines[-1] == "… 5 / 13" and "bulletin deliveries --files" in todo
    assert f"{numbers['m07/setl_d_202407.csv']}  m07/setl_d_202407.csv" in lines
    assert f"{numbers['population_ref.csv']}  population_ref.csv" == told("populationref.csv")[0][0]
    newest = sorted(map(int, numbers.values()), reverse=True)[:5]
    assert [int(line.split()[0]) for line in told("999")[0][:-1]] == newest, "nothing is called like it: the newest"
    lines, todo = told("setl_d_202407.csv", unloaded=True)
    assert lines == [] and "上列" not in todo
    take_out(home, "setl_d_202407.csv")
    assert cli_loads.listed(home.settings, "setl_d") == ExitCode.DONE
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 12 and [line for line in shown if "已撤出" in line] == [shown[6]]
    assert "m07/setl_d_202407.csv" in shown[6] and shown[6].startswith(numbers["m07/setl_d_202407.csv"] + "  setl_d")


@pytest.mark.parametrize("side", SIDES)
def test_a_stopped_unload_has_been_done_or_not(tmp_path: Path, side: str) -> None:
    home = Home(tmp_path / "home")
    for name, table in settlements().items():
        home.put_rows(f"setl_d_{name}.csv", table)
    home.run()
    before = state(home)
    kill_at(*DRIVES_UNLOAD, side, lambda: take_out(home, "setl_d_b.csv"))
    found = state(home)
    home.run()
    if side == "before":
        assert found == before == state(home)
        take_out(home, "setl_d_b.csv")
    assert state(home)["setl_d"] != before["setl_d"] and home.value("select count(*) from ops.unload") == 1


def test_L31_the_verb_names_the_frozen_vintages_and_a_draft_made_before_is_not_frozen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path / "home")
    path = home.put_rows("setl_d_1.csv", rows("setl_d", 2))
    home.put_rows("setl_d_2.csv", rows("setl_d", 2, start=3))
    home.run()
    inputs = [{"sha256": sha256(path), "source_file": path.name}]
    for name, is_frozen in (("2026-02-01_bulletin", True), ("2026-02-02_draft", False)):
        folder = home.settings.publication / "2025" / name
        folder.mkdir(parents=True)
        (folder / "release.json").write_text(json.dumps({"frozen": is_frozen, "inputs": inputs}), encoding="utf-8")
    done = desk.unload(home.settings, "setl_d_1.csv", "发错了月份", "王工", back=False, build=False)
    told = capsys.readouterr().out
    assert done == ExitCode.DONE and "2025/2026-02-01_bulletin" in told and "draft" not in told and "202401" in told
    assert home.value("select count(*) from ops.unload inner join ops.run using (run_id)") == 1
    with pytest.raises(UserError, match="unloaded after the draft"):
        _refuse_later_files({"inputs": inputs}, [])
    for reason, who in ((" ", "王工"), ("x", "")):
        with pytest.raises(UserError):
            desk.unload(home.settings, "setl_d_2.csv", reason, who, back=False, build=False)
