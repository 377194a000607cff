"""`bulletin reconcile` on a finished home: a figure under another definition is recognised as such, and nothing changes."""

from __future__ import annotations

from pathlib import Path

import duckdb
import openpyxl
import pytest
import xlsxwriter
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from dagster_project.cli import cli
from dagster_project.dictionary.variants import read_variant
from dagster_project.indicator_trial import trial
from tests.conftest import SampleHome
from tests.warehouse_api import settings_of

YEAR, PROVINCE = 2024, "520000"
CHOICE = "bed_day_rule=end_minus_begin_plus1"
STAYS = ("employee_avg_length_of_stay", "resident_avg_length_of_stay")


@pytest.fixture(scope="module")
def stated(sample_home: SampleHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a bureau that counts both ends of a stay would publish, beside figures that agree."""
    with duckdb.connect(str(sample_home.warehouse)) as connection:
        (insured,) = connection.execute(
            "select value from indicator.indicator_value where indicator_id = 'insured_total' and year = ? "
            "and region_code = ? and breakdown = 'total' and period_kind = 'year'", [YEAR, PROVINCE],
        ).fetchone() or (0,)  # fmt: skip
    settings = settings_of(sample_home.home, sample_home.key)
    with trial(settings) as layer:
        frame = layer.values(read_variant(settings, CHOICE, PROVINCE).province, YEAR)
    values = {
        row["indicator_id"]: row["value"]
        for row in frame.iter_rows(named=True)
        if row["region_code"] == PROVINCE and row["breakdown"] == "total" and row["period_kind"] == "year"
    }
    path = tmp_path_factory.mktemp("stated") / "stated.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet("公报")
        page.write_row(0, 0, ["指标", "单位", f"{YEAR}年"])
        page.write_row(1, 0, ["基本医保参保人数", "人", round(insured * 10_000)])
        for number, name in enumerate(STAYS, 2):
            page.write_row(number, 0, [name, "天", round(values[name], 1)])
    return path


def test_the_definition_that_explains_it_is_named(sample_home: SampleHome, stated: Path, tmp_path: Path) -> None:
    before = sample_home.warehouse.stat().st_mtime_ns
    answer = tmp_path / "answer.xlsx"
    done = CliRunner().invoke(cli, ["reconcile", str(stated), "--home", str(sample_home.home), "--to", str(answer)])
    assert done.exit_code == 0, done.output
    assert "核对 3 个数：相符 1，不符 2" in done.output
    assert done.output.count(CHOICE) == len(STAYS)
    rows = CalamineWorkbook.from_path(answer).get_sheet_by_index(2).to_python()
    assert [row[9] for row in rows[3:]] == ["相符", "不符", "不符"]
    assert sample_home.warehouse.stat().st_mtime_ns == before


def test_an_example_can_be_filled_in_and_read_back(sample_home: SampleHome, tmp_path: Path) -> None:
    example = tmp_path / "example.xlsx"
    assert CliRunner().invoke(cli, ["reconcile", "--template", str(example)]).exit_code == 0
    done = CliRunner().invoke(cli, ["reconcile", str(example), "--home", str(sample_home.home)])
    assert done.exit_code == 0 and "核对 4 个数" in done.output and "指标不识" not in done.output


def test_mistakes_are_told_in_words(sample_home: SampleHome, stated: Path) -> None:
    for arguments, told in (
        ([], "--template"), ([str(stated), "--to", "answer.csv"], ".xlsx"), ([str(stated), "--to", "none/answer.xlsx"], "没有这个文件夹"),
    ):  # fmt: skip
        done = CliRunner().invoke(cli, ["reconcile", *arguments, "--home", str(sample_home.home)])
        assert done.exit_code == 2 and told in done.output and "Traceback" not in done.output


@pytest.fixture(scope="module")
def forms(sample_home: SampleHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The forms of a prefecture up to September, filled under one other definition."""
    path = tmp_path_factory.mktemp("forms") / "forms.xlsx"
    arguments = [
        "--year",
        str(YEAR),
        "--quarter",
        "3",
        "--region",
        "520100",
        "--definitions",
        "tier_column=dedc_hosp_lv",
    ]
    done = CliRunner().invoke(cli, ["forms", *arguments, "--home", str(sample_home.home), "--to", str(path)])
    assert done.exit_code == 0, done.output
    return path


def test_forms_of_a_bureau_are_compared_cell_by_cell(sample_home: SampleHome, forms: Path, tmp_path: Path) -> None:
    filled, answer = tmp_path / "filled.xlsx", tmp_path / "answer.xlsx"
    book = openpyxl.load_workbook(forms)
    sheet = book["HI4"]
    first = next(row for row in sheet.iter_rows(min_row=3) if row[0].value == "普通门急诊")
    first[1].value = f"{first[1].value:,.1f}"  # as text, with the digits that a bureau prints
    first[2].value = "约一百"
    sheet.cell(sheet.max_row + 1, 1, "没有的一行").offset(0, 1).value = 5
    blank = next(cell for row in book["HI9"].iter_rows(min_row=7) for cell in row[1:] if cell.value is None)
    blank.value = 7
    book.save(filled)
    before = sample_home.warehouse.stat().st_mtime_ns
    done = CliRunner().invoke(cli, ["reconcile", str(filled), "--home", str(sample_home.home), "--to", str(answer)])
    assert done.exit_code == 0, done.output
    assert "tier_column=dedc_hosp_lv）时相同" in done.output and "没有找到原因" not in done.output
    assert "本库空白 1，读不出 2" in done.output
    apart, left, every = (
        CalamineWorkbook.from_path(answer).get_sheet_by_index(number).to_python()[3:] for number in range(3)
    )
    assert len(apart) > 5 and all("tier_column=dedc_hosp_lv" in row[9] and row[4] == "贵阳市" for row in apart)
    assert {row[0] for row in left} == {
        f"HI9!{blank.coordinate}",
        f"HI4!{first[2].coordinate}",
        f"HI4!A{sheet.max_row}",
    }
    longest = max(len(row[9].encode("gb18030")) for row in apart)
    assert openpyxl.load_workbook(answer).worksheets[0].column_dimensions["J"].width >= min(longest, 76), (
        "a reason fits its column"
    )
    assert len(every) > 500 and sample_home.warehouse.stat().st_mtime_ns == before


def test_a_form_of_another_period_is_recognised_and_one_without_a_heading_is_refused(
    sample_home: SampleHome, tmp_path: Path
) -> None:
    path = tmp_path / "forms.xlsx"
    arguments = ["forms", "--year", str(YEAR), "--quarter", "2", "--to", str(path), "--home", str(sample_home.home)]
    assert CliRunner().invoke(cli, arguments).exit_code == 0
    book = openpyxl.load_workbook(path)
    for title in book.sheetnames:
        if title != "HI4":
            del book[title]
    place = next(row[0] for row in book["HI4"].iter_rows() if "1—6 月" in str(row[0].value))
    place.value = str(place.value).replace("1—6 月", "1—9 月")
    book.save(path)
    done = CliRunner().invoke(cli, ["reconcile", str(path), "--home", str(sample_home.home)])
    assert done.exit_code == 0 and f"是本库 {YEAR} 年至第 2 季的数" in done.output and "没有找到原因" not in done.output
    place.value = "报表"
    book.save(path)
    done = CliRunner().invoke(cli, ["reconcile", str(path), "--home", str(sample_home.home)])
    assert done.exit_code == 2 and "没有写明地区和期间" in done.output and "Traceback" not in done.output


def test_the_answer_is_kept_even_where_nobody_reads_the_terminal_to_its_end(
    sample_home: SampleHome, stated: Path, forms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: object) -> None:
        raise BrokenPipeError

    for module in ("reconciling", "reconciling_forms"):
        monkeypatch.setattr(f"dagster_project.verbs.{module}.print_sheet", closed)
    for number, given in enumerate((stated, forms)):
        answer = tmp_path / f"{number}.xlsx"
        CliRunner().invoke(cli, ["reconcile", str(given), "--home", str(sample_home.home), "--to", str(answer)])
        assert CalamineWorkbook.from_path(answer).sheet_names
