"""`bulletin try`: what would happen to a file, said once and by the line a person would look at, and that nothing does."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from dagster_project.errors import ExitCode, UserError
from dagster_project.ingest import TryReport, try_file
from dagster_project.verbs.trial import trial_lines
from dagster_project.warehouse import connect
from tests.intake_world import Home, parquet, row, rows, text


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


def said(report: TryReport, language: str = "zh", in_full: bool = False) -> str:
    """What the command line prints."""
    return "\n".join(line.in_language(language) for line in trial_lines(report, in_full))


def places(report: TryReport) -> dict[tuple[int, ...], tuple[int, ...]]:
    """Records of the broken rows, with their lines of the file."""
    return {group.records: group.lines for file in report.files for group in file.broken}


def test_try_says_what_would_happen_and_changes_nothing(home: Home) -> None:
    table = [r | {"certno": "52010119700317001X", "note": "y"} for r in rows("setl_d", 10)]
    table[2]["medfee_sumamt"] = "1,000"
    table[3]["psn_no"] = ""
    table[4]["med_type"] = "9977"
    path = home.put_rows("setl_d_x.csv", table, header={"inscp_amt": "inscp_scp_amt"})
    report = try_file(home.settings, path)
    (file,) = report.files
    assert not report.refused
    assert (file.rows_read, file.rows_accepted, file.rows_quarantined, file.rows_held) == (10, 7, 3, 1)
    assert ("inscp_scp_amt", "inscp_amt") in file.matched and file.extra == ["note"] and "brdy" in file.missing
    for language in ("zh", "en"):
        assert "1,000" in said(report, language) and "9977" in said(report, language)
        assert "52010119700317001X" not in said(report, language)
    assert (
        not home.settings.warehouse.exists() and not home.settings.raw.exists() and not home.settings.key_file.exists()
    )
    refused = try_file(home.settings, home.put("psn_info_b.csv", "a,b\n"))
    assert refused.refused and "psn_info_b" in said(refused, "en")


def test_the_verdict_stands_first_then_what_needs_a_hand_then_the_columns_in_a_line(home: Home) -> None:
    table = [r | {"note": "y"} for r in rows("setl_d", 400)]
    table[2]["medfee_sumamt"] = "1,000"
    table[4]["hosp_lv"] = "77"
    report = try_file(home.settings, home.put_rows("setl_d_x.csv", table, header={"inscp_amt": "inscp_scp_amt"}))
    lines = said(report).splitlines()
    assert lines[0].startswith("可以入库：setl_d_x.csv（setl_d 结算信息")
    assert lines[1].strip().startswith("读 400 行，接收 399（其中有提示 1），隔离 1")
    marks = ("可以入库", "要处理", "number_form", "提示（", "列：匹配列")
    assert [line for line in lines if line.strip().startswith("要处理")]
    found = [next(place for place, line in enumerate(lines) if mark in line) for mark in marks]
    assert found == sorted(found), "verdict, what to mend, what to look at, columns"
    (columns,) = [line for line in lines if "匹配列" in line]
    assert columns == lines[-1] and "按别名 1" in columns and "对不上、不入库 1 个：note" in columns
    assert "brdy" not in said(report) and "inscp_scp_amt" not in said(report), "columns that are in order are counted"
    assert "brdy" in said(report, in_full=True) and "inscp_scp_amt→inscp_amt" in said(report, in_full=True)
    said_first = said(report, "en").splitlines()[0]
    assert said_first.startswith("would be loaded: setl_d_x.csv (setl_d Settlements")


def test_a_refusal_stands_first_with_its_reason(home: Home) -> None:
    report = try_file(home.settings, home.put("psn_info_b.csv", "a,b\n"))
    lines = said(report).splitlines()
    assert lines[0].startswith("整份拒收：psn_info_b.csv") and lines[1].startswith("  原因：")
    worse = rows("setl_d", 300)
    for row_of in worse[:20]:
        row_of["medfee_sumamt"] = "x"
    lines = said(try_file(home.settings, home.put_rows("setl_d.csv", worse))).splitlines()
    assert lines[0].startswith("整份拒收") and "S2" in lines[1] and "隔离 20" in lines[2], "over the threshold"


def test_many_kinds_of_broken_rows_are_cut_and_listed_on_demand(home: Home) -> None:
    table = rows("setl_d", 1500)
    for place in range(12):
        table[place]["medfee_sumamt"] = f"x{place}"
        table[place][list(table[0])[14 + place]] = "?"  # another column each time: another kind
    report = try_file(home.settings, home.put_rows("setl_d.csv", table))
    kinds = len(report.files[0].broken)
    assert kinds > 8
    assert f"另有 {kinds - 8} 种" in said(report) and "--all" in said(report)
    assert "另有" not in said(report, in_full=True)
    assert said(report, in_full=True).count("文件第") == kinds


def test_files_of_an_archive_are_summed_up_first(home: Home) -> None:
    archive = home.landing / "batch.zip"
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr("setl_d_1.csv", text(rows("setl_d", 2)))
        bundle.writestr("psn_info_b.csv", "a,b\n")
    assert said(try_file(home.settings, archive)).startswith("2 个文件：1 个可以入库，0 个已入库过，1 个整份拒收。")


def test_one_bad_cell_is_reported_once(home: Home) -> None:
    table = rows("setl_d", 20)
    table[2]["medfee_sumamt"] = "1,000"  # no number, so I1 and I3 cannot be asked of the row
    table[4]["med_type"] = table[6]["med_type"] = "9977"
    table[8]["medfee_sumamt"] = "150.00"  # a number that I1 and I3 both find wrong: one row, one line
    report = try_file(home.settings, home.put_rows("setl_d.csv", table))
    groups = [([reason.rule_id for reason in group.reasons], group.rows) for group in report.files[0].broken]
    assert sorted(groups) == [(["I1", "I3"], 1), (["code_unknown"], 2), (["number_form"], 1)]
    for once in ("1,000", "9977", "150.00"):
        lines = [line for line in said(report).splitlines() if once in line]
        assert len(lines) == 1, once
    home.run()
    assert home.rejected() == {3: ["number_form"], 5: ["code_unknown"], 7: ["code_unknown"], 9: ["I1", "I3"]}
    assert dict(home.query("select rule_id, unexpected from ops.rule_count where rule_id in ('I1', 'I3')")) == {
        "I1": 1,
        "I3": 1,
    }


def test_warnings_are_what_the_count_above_them_counts(home: Home) -> None:
    """Rules that only measure (I4a, I4b: which variant a source uses) are no warnings."""
    table = [r | {"acct_pay": "5.00", "acct_mulaid_pay": "5.00", "cash_payamt": "35.00"} for r in rows("setl_d", 10)]
    report = try_file(home.settings, home.put_rows("setl_d_1.csv", table))
    assert report.files[0].rows_warned == 0 and report.files[0].warnings == []
    assert "I4" not in said(report) and "提示（" not in said(report) and "有提示 0" in said(report)
    table[0]["enddate"] = "2024-01-01"
    table[1]["hosp_lv"] = "77"
    file = try_file(home.settings, home.put_rows("setl_d_2.csv", table)).files[0]
    assert file.rows_warned == 2
    assert [rule.rule_id for rule, _ in file.warnings] == ["R7"] and [code.code for code in file.codes] == ["77"]


def test_S11_a_header_alone_is_a_warning_in_try_as_in_run(home: Home) -> None:
    path = home.put("setl_d.csv", text(rows("setl_d", 1)).splitlines()[0] + "\n")
    report = try_file(home.settings, path)
    (loaded,) = home.run().loaded
    assert report.files[0].notes == loaded.reason and loaded.reason is not None
    assert f"提示：{loaded.reason.zh}（S11）" in said(report) and not report.refused


def test_a_folder_is_called_a_folder(home: Home) -> None:
    with pytest.raises(UserError) as raised:
        try_file(home.settings, home.landing)
    assert "文件夹" in raised.value.message("zh") and "没有这个文件" not in raised.value.message("zh")
    with pytest.raises(UserError) as raised:
        try_file(home.settings, home.landing / "no.csv")
    assert "没有这个文件" in raised.value.message("zh") and raised.value.code == ExitCode.BAD_INPUT


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t"])
def test_rows_are_named_by_the_line_of_the_file(home: Home, encoding: str, separator: str) -> None:
    table = rows("setl_d", 8)
    table[1]["emp_no"] = "甲" if separator == "\t" else "甲,\n乙"  # a line break inside quotes
    table[3]["enddate"] = "soon"
    table[7]["medfee_sumamt"] = "x"
    lines = text(table, separator=separator).split("\n")
    lines.insert(1, "")  # a blank line is no record
    content = "\r\n".join(["", *lines])
    path = home.put("setl_d.txt", content, encoding)
    report = try_file(home.settings, path)
    found = places(report)
    shown = content.splitlines()
    assert set(found) == {(4,), (8,)}
    for record, mark in ((4, "soon"), (8, "x")):
        ((line),) = found[(record,)]
        assert mark in shown[line - 1], f"line {line} is {shown[line - 1]}"
        assert f"文件第 {line} 行（数据第 {record} 行）" in said(report)
    home.run()
    assert set(home.rejected()) == {4, 8}, "quarantine counts records, as the report says"


def test_a_row_of_another_width_is_named_by_its_line(home: Home) -> None:
    lines = text(rows("setl_d", 10)).splitlines()
    lines[5] = "short,row"
    lines.insert(3, "")
    report = try_file(home.settings, home.put("setl_d.csv", "\n".join(lines)))
    assert places(report) == {(5,): (7,)} and lines[6] == "short,row"


def test_rows_of_a_workbook_are_named_by_the_row_of_the_sheet(home: Home) -> None:
    path = home.landing / "population_ref.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    good = row("population_ref")
    sheet.write_row(0, 0, list(good))
    sheet.write_row(1, 0, list(good.values()))
    sheet.write_row(4, 0, list((good | {"persons": "many"}).values()))  # two rows were cleared in between
    book.close()
    report = try_file(home.settings, path)
    assert report.files[0].rows_read == 2 and places(report) == {(4,): (5,)}
    home.run()
    assert set(home.rejected()) == {4}


def test_rows_of_parquet_have_no_line(home: Home) -> None:
    path = home.landing / "setl_d.parquet"
    parquet(path, [*rows("setl_d", 3), row("setl_d", 4, medfee_sumamt="x")])
    report = try_file(home.settings, path)
    assert places(report) == {(4,): ()} and "数据第 4 行" in said(report)


def test_a_file_that_is_loaded_already_is_said_to_be(home: Home) -> None:
    path = home.put_rows("setl_d_1.csv", rows("setl_d", 2))
    home.run()
    copy = home.landing.parent / "setl_d_2.csv"
    copy.write_bytes(path.read_bytes())
    report = try_file(home.settings, copy)
    assert not report.refused and report.files[0].loaded_as == "setl_d_1.csv" and "跳过" in said(report)
    assert home.run().exit_code == ExitCode.DONE


@pytest.mark.parametrize("case", ["unlisted", "incomplete", "rows", "digest", "unsupported"])
def test_try_refuses_what_run_refuses(home: Home, case: str) -> None:
    path = home.put_rows("b1/setl_d_1.csv", rows("setl_d", 2))
    listed = {
        "unlisted": [],
        "incomplete": [{"file": "setl_d_1.csv"}, {"file": "setl_d_2.csv"}],
        "rows": [{"file": "setl_d_1.csv", "rows": 3}],
        "digest": [{"file": "setl_d_1.csv", "sha256": "0" * 64}],
    }
    if case == "unsupported":
        path = path.rename(path.with_name("setl_d_1.xls"))
    else:
        home.manifest("b1", files=listed[case])
    trial = try_file(home.settings, path).files[0].refusal
    (refused,) = home.run().refused
    assert trial is not None and trial == refused.reason


def test_a_home_in_use_is_said_and_the_file_is_tried_all_the_same(home: Home) -> None:
    path = home.put_rows("setl_d.csv", rows("setl_d", 2))
    with connect(home.settings):
        report = try_file(home.settings, path)
    assert report.home_is_busy and report.files[0].rows_accepted == 2 and "正被另一个任务使用" in said(report)
