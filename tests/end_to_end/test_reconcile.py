"""`bulletin reconcile` on a finished home: a figure under another definition is recognised as such, and nothing changes."""

from __future__ import annotations

from pathlib import Path

import duckdb
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
