"""The quarantine that can be worked with: counts, the workbook, corrected rows as a new load that points to the old one."""

from __future__ import annotations

import re
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from dagster_project import china_time
from dagster_project.checks.catalogue import catalogue
from dagster_project.checks.landing import plan
from dagster_project.checks.stages import filled
from dagster_project.desk import quarantine, quarantine_book
from dagster_project.desk.corrections import Landed, land_corrections
from dagster_project.desk.targets import find_target
from dagster_project.desk.unloading import unload
from dagster_project.errors import ExitCode, UserError
from dagster_project.ingest import prepare_warehouse
from dagster_project.verbs import quarantine as verb
from dagster_project.verbs import quarantine_export
from dagster_project.warehouse import connect
from tests.corpus.columns import rewritten
from tests.fail_points import SIDES, kill_at
from tests.intake_world import Home, row, rows

GOOD = row("setl_d", 1)
DRIVES_BOOK = ("desk.write_book",)
DRIVES_LANDING = ("desk.note_correction", "desk.land_correction", "desk.remove_work")


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Settlements of two months of which three cannot be taken, and a person whose sex is no code."""
    home = Home(tmp_path_factory.mktemp("quarantine") / "home")
    table = [
        *rows("setl_d", 2),
        row(
            "setl_d",
            5,
            psn_no="520102199013011234",
            psn_pay="=1+1",
            setl_time="2024-02-20 10:00:00",
            enddate="2024-02-20",
        ),
        row("setl_d", 6, medfee_sumamt="1,5", psn_pay="x"),
        row("setl_d", 7, insutype="777"),
    ]
    home.put_rows("setl_d_1.csv", table)
    home.put_rows("psn_info_b.csv", [*rows("psn_info_b", 2), row("psn_info_b", 3, brdy="2024-13-01")])
    home.run()
    return home


@pytest.fixture
def home(taken_in: Home, tmp_path: Path) -> Home:
    """That home, to be changed."""
    return taken_in.copy(tmp_path / "home")


def export(home: Home, path: Path, originals: bool = False) -> Worksheet:
    assert verb.show(home.settings, None, path, originals) == ExitCode.DONE
    return openpyxl.load_workbook(path)["setl_d"]


def place(sheet: Worksheet, name: str, line: int) -> Any:
    head = [cell.value for cell in sheet[1]]
    return sheet.cell(line, head.index(name) + 1)


def land(home: Home, path: Path) -> Landed:
    with connect(home.settings) as connection:
        book = quarantine_book.read_book(path)
        return land_corrections(connection, home.settings, book, path.name, str(uuid.uuid4()))


def open_rules(home: Home) -> dict[str, int]:
    """What the checks count, by rule."""
    rows = home.query(
        "select rule_id, sum(unexpected) from ops.rule_count where severity = 'error' group by 1 having sum(unexpected) > 0"
    )
    return {str(rule): int(count) for rule, count in rows}


def test_what_is_held_is_told_by_rule_file_and_month(home: Home) -> None:
    with connect(home.settings) as connection:
        prepare_warehouse(connection)
        held = quarantine.list_held(connection)
        assert quarantine.count_held(connection)[0] == 4
    told = {(one.extract, one.rule_id, one.column): one for one in held}
    assert told["setl_d", "number_form", "psn_pay"].rows == 2
    assert (
        told["setl_d", "number_form", "psn_pay"].first_month,
        told["setl_d", "number_form", "psn_pay"].last_month,
    ) == ("202401", "202402")
    assert told["setl_d", "code_unknown", "insutype"].money > 0
    assert all(one.source_file in ("setl_d_1.csv", "psn_info_b.csv") for one in held)
    lines = verb.held_lines(held, 4, Decimal(10))
    assert "4 rows" in lines[0].en and any("setl_d_1.csv" in line.zh and "202401–202402" in line.zh for line in lines)
    assert verb.held_lines([], 0, Decimal(0))[0].zh == "隔离区是空的。"


def test_the_heading_is_of_what_was_asked_for_and_ends_where_nothing_follows(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def first(extract: str | None, to: Path | None = None) -> str:
        assert verb.show(home.settings, extract, to, False) == ExitCode.DONE
        return capsys.readouterr().out.splitlines()[0]

    assert first(None).startswith("隔离区还有 4 行") and first(None).endswith("：")
    assert "psn_info_b 还有 1 行" in first("psn_info_b") and "setl_d 还有 3 行" in first("setl_d")
    assert first("psn_insu_d") == "隔离区里没有 psn_insu_d 的行。"
    assert first("setl_d", tmp_path / "held.xlsx").endswith("元。"), "the workbook follows, no list"


def test_the_workbook_marks_the_cell_that_broke_and_holds_no_formula_and_no_identifier(
    home: Home, tmp_path: Path
) -> None:
    sheet = export(home, tmp_path / "held.xlsx")
    broken = place(sheet, "psn_pay", 2)
    assert broken.value == "=1+1" and broken.data_type == "s", "a cell as delivered, and text"
    assert "number_form" in broken.comment.text and broken.fill.fgColor.rgb == "FFFFD7D2"
    assert place(sheet, "medfee_sumamt", 2).comment is None
    assert {place(sheet, "psn_no", line).value for line in (2, 3, 4)} == {"***"}
    text = " ".join(str(cell.value) for line in sheet.iter_rows() for cell in line)
    assert "520102199013011234" not in text and "setl_d_1.csv" in text


def test_originals_are_shown_when_asked_for_and_the_landed_file_is_there(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = export(home, tmp_path / "held.xlsx", originals=True)
    assert place(sheet, "psn_no", 2).value == "520102199013011234"
    (home.landing / "setl_d_1.csv").unlink()
    sheet = export(home, tmp_path / "held.xlsx", originals=True)
    assert place(sheet, "psn_no", 2).value == "***" and "已没有 setl_d_1.csv" in capsys.readouterr().out


def corrected(home: Home, path: Path) -> None:
    """The workbook after a person has worked on it: two rows put right, one of them with a number as Excel works it out (L81)."""
    sheet = export(home, path)
    book = sheet.parent
    place(sheet, "psn_pay", 2).value = 424242
    place(sheet, "medfee_sumamt", 3).value = GOOD["medfee_sumamt"]
    place(sheet, "psn_pay", 3).value = GOOD["psn_pay"]
    people = book["psn_info_b"]
    place(people, "brdy", 2).value = "1990-12-01"
    book.save(path)
    worked_out = f"<v>{float(GOOD['psn_pay']) + 7e-15!r}</v>"  # 40.00000000000001, which this writer would round
    path.write_bytes(rewritten(path.read_bytes(), "<v>424242</v>", worked_out))


def test_corrected_rows_are_a_new_load_that_points_to_the_old_one(home: Home, tmp_path: Path) -> None:
    before = open_rules(home)
    corrected(home, tmp_path / "held.xlsx")
    landed = land(home, tmp_path / "held.xlsx")
    assert (landed.corrected, landed.unchanged, landed.settled) == ({1: 2, 2: 1}, 1, [])
    report = home.run()
    assert {file.status for file in report.loaded} == {"loaded"} and len(report.loaded) == 2
    taken = home.query("select setl_id, psn_pay, medfee_sumamt, setl_time from raw.setl_d order by 1")
    assert [line[0] for line in taken] == ["set1", "set2", "set5", "set6"]
    assert taken[2][1:3] == taken[3][1:3] == taken[0][1:3]
    # Identifiers come from the landed file: the same person has one pseudonym.
    assert home.value("select count(distinct psn_no) from raw.setl_d where setl_id in ('set1', 'set6')") == len(
        {row("setl_d", 1)["psn_no"], row("setl_d", 6)["psn_no"]}
    )
    assert home.value("select count(*) from raw.psn_info_b") == 3
    assert home.query("select source_row, rule_ids from quarantine.rejected_row") == [(5, ["code_unknown"])]
    assert before["number_form"] == 3 and open_rules(home) == {"code_unknown": 1}
    assert home.value("select sum(\"rows\") from ops.row_concerned where kind = 'row_rule' and severity = 'error'") == 0
    assert home.query(
        "select distinct old.source_file from ops.released_row join ops.load as old on old.load_id = corrects_load_id order by 1"
    ) == [("psn_info_b.csv",), ("setl_d_1.csv",)]
    assert judged(home) == {"code_unknown": 1, "row_rule_quarantined": 0}
    # Handing the same workbook in again changes nothing; taking the correction out opens the rows again.
    again = land(home, tmp_path / "held.xlsx")
    assert again.folder is None and len(again.settled) == 3
    with connect(home.settings) as connection:
        prepare_warehouse(connection)
        for outcome in report.loaded:
            unload(
                connection, home.settings, find_target(connection, home.settings, str(outcome.load_id)), "a", "b", "run"
            )
    assert open_rules(home) == before


def judged(home: Home) -> dict[str, int]:
    """Numbers of two landing checks."""
    with connect(home.settings) as connection:
        found = {}
        for check in plan(home.settings, connection, "run"):
            rule = catalogue()[check.rule]
            if check.rule in ("code_unknown", "row_rule_quarantined"):
                listed = connection.execute(filled(check.bad, rule).replace("{batch}", rule.table)).fetchall()
                found[check.rule] = len(listed)
        return found


def test_a_corrected_file_that_is_landed_as_usual_answers_for_the_rows_of_its_keys(home: Home) -> None:
    home.put_rows("setl_d_2.csv", [row("setl_d", 5), row("setl_d", 6, psn_pay="x"), row("setl_d", 8)])
    home.run()
    held = home.query(
        "select source_file, source_row from quarantine.rejected_row where extract = 'setl_d' order by all"
    )
    assert held == [("setl_d_1.csv", 4), ("setl_d_1.csv", 5), ("setl_d_2.csv", 2)], (
        "only what was accepted answers for a row"
    )
    assert home.query("select corrects_load_id, source_row from ops.released_row") == [
        (home.value("select load_id from ops.load where source_file = 'setl_d_1.csv'"), 3)
    ]


def test_a_delivery_that_only_comes_late_does_not_answer_for_a_newer_row(tmp_path: Path) -> None:
    home = Home(tmp_path / "late")
    for batch, day, cells in (
        ("b2", "2024-03-01", {"psn_pay": "x"}),
        ("b1", "2024-02-01", {}),
        ("b3", "2024-04-01", {}),
    ):
        home.put_rows(f"{batch}/setl_d_{batch}.csv", [row("setl_d", 1, emp_no=batch, **cells)])
        home.manifest(batch, extracted_at=f"{day}T00:00:00")
        home.run()
        held = home.query("select source_file from quarantine.rejected_row")
        assert held == ([] if batch == "b3" else [("b2/setl_d_b2.csv",)])


def test_what_cannot_be_taken_back_is_said(home: Home, tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"no workbook")
    with pytest.raises(UserError):
        quarantine_book.read_book(tmp_path / "x.xlsx")
    corrected(home, tmp_path / "held.xlsx")
    (home.landing / "setl_d_1.csv").unlink()
    with pytest.raises(UserError, match="no longer there"):
        land(home, tmp_path / "held.xlsx")


def test_the_verb_tells_how_the_numbers_moved_and_what_is_held_again(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "held.xlsx"
    corrected(home, path)
    book = openpyxl.load_workbook(path)
    place(book["setl_d"], "medfee_sumamt", 3).value = "2,5"  # changed, and wrong all the same
    book.save(path)
    assert verb.take(home.settings, path, build=False) == ExitCode.DONE
    told = capsys.readouterr().out
    assert "更正了 3 行：接收 2 行，仍被隔离 1 行" in told and "number_form（medfee_sumamt" in told
    assert "隔离区：4 → 2 行" in told and "1 行未改" in told
    # The same workbook once more: nothing happens, and what became of it is said.
    load = home.value("select load_id from ops.load where source_file like '%/setl_d_corrects_1.csv'")
    moment = home.value(f"select loaded_at from ops.load where load_id = {load}")
    assert verb.take(home.settings, path, build=False) == ExitCode.BAD_INPUT
    again = "".join(capsys.readouterr())
    assert "取回过" in again and "没有一行有改动" not in again and "1 行未改" in again
    assert f"2 行已于 {china_time.shown(moment)} 入库，入库编号 {load}（corrected_" in again
    assert "仍有 1 行被隔离" in again and home.value("select count(*) from ops.load") == 4


def test_a_workbook_goes_where_a_person_says_or_the_reason_is_told(tmp_path: Path) -> None:
    (day,) = (quarantine_export.place_for(tmp_path),)
    assert day.parent == tmp_path and re.fullmatch(r"quarantine_\d{8}\.xlsx", day.name)
    assert quarantine_export.place_for(tmp_path / "held.XLSX").name == "held.XLSX"
    for path, told in ((tmp_path / "none" / "held.xlsx", "no such folder"), (tmp_path / "held.csv", "ends in .xlsx")):
        with pytest.raises(UserError, match=told) as raised:
            quarantine_export.place_for(path)
        assert raised.value.code == ExitCode.BAD_INPUT and not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "what", ["quarantine/setl_d/1.parquet", pytest.param("raw/setl_d/202401/1.parquet", marks=pytest.mark.long)]
)
def test_stored_files_that_are_cut_gone_or_changed_are_named(home: Home, tmp_path: Path, what: str) -> None:
    path = home.settings.home / what
    whole = path.read_bytes()
    for damage in (whole[: len(whole) // 2], None, bytes(len(whole))):
        path.unlink()
        if damage is not None:
            path.write_bytes(damage)
        for to in (None, tmp_path / "held.xlsx"):
            with pytest.raises(UserError) as raised:
                verb.show(home.settings, None, to, originals=to is not None)
            told = raised.value.message("zh")
            assert what in told and "setl_d_1.csv" in told and "bulletin verify" in told
            assert raised.value.code == ExitCode.BROKEN_INSTALLATION
        path.write_bytes(whole)


@pytest.mark.parametrize("side", SIDES)
def test_an_export_that_is_stopped_leaves_the_older_or_the_newer_workbook(
    home: Home, tmp_path: Path, side: str
) -> None:
    path = tmp_path / "held.xlsx"
    path.write_bytes(b"older")
    kill_at(*DRIVES_BOOK, side, lambda: verb.show(home.settings, None, path, False))
    assert (path.read_bytes() == b"older") == (side == "before")


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", DRIVES_LANDING)
def test_a_stopped_correction_is_handed_in_whole_or_not_at_all(
    home: Home, tmp_path: Path, step: str, side: str
) -> None:
    corrected(home, tmp_path / "held.xlsx")
    kill_at(step, side, lambda: land(home, tmp_path / "held.xlsx"))
    assert len(home.run().loaded) == (2 if (step, side) == ("desk.land_correction", "after") else 0)
    assert not list((home.settings.home / "tmp").glob("intake-*"))
    if home.value("select count(*) from quarantine.rejected_row") == 4:
        assert land(home, tmp_path / "held.xlsx").folder is not None
        home.run()
    assert home.value("select count(*) from quarantine.rejected_row") == 1
