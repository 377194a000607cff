"""Every file of a past state names the day: as page, Word file, workbook and tables show it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import duckdb
import openpyxl
import pytest
from docx import Document as open_word

from dagster_project.bulletin import PublicationReport, make_publication
from dagster_project.checks.page import render_checks_page
from tests.bulletin_home import RUN_ID, make_home

DAY = "2025-07-31"
SAID = f"截至 {DAY}（按该日已交付的数据重算）"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> PublicationReport:
    settings = make_home(tmp_path_factory.mktemp("past") / "home")
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("insert into ops.meta values ('as_of', $1)", [DAY])
    render_checks_page(settings, settings.home / "checks.html")
    return make_publication(settings, 2025, run_id=RUN_ID)


def test_the_vintage_is_called_by_the_day(made: PublicationReport) -> None:
    assert made.vintage == f"{DAY}_draft"


def test_the_page_and_the_check_page_say_it(made: PublicationReport) -> None:
    assert SAID in made.paths["html"].read_text(encoding="utf-8")
    home: Path = made.folder.parents[2]
    assert f"截至 as of {DAY}" in (home / "checks.html").read_text(encoding="utf-8")


def test_the_word_file_says_it_on_every_page(made: PublicationReport) -> None:
    word = open_word(str(made.paths["docx"]))
    assert any(SAID in paragraph.text for paragraph in word.paragraphs)
    with zipfile.ZipFile(made.paths["docx"]) as archive:
        headers = [archive.read(name).decode() for name in archive.namelist() if name.startswith("word/header")]
    assert any(DAY in header and "按该日已交付" in header for header in headers)


def test_every_sheet_and_every_table_says_it(made: PublicationReport) -> None:
    for sheet in openpyxl.load_workbook(made.paths["xlsx"]):
        told = [str(cell) for row in sheet.iter_rows(max_row=3, values_only=True) for cell in row if cell]
        assert any(SAID in cell for cell in told), sheet.title
    for path in (made.folder / "tables").glob("*.csv"):
        assert SAID in path.read_text(encoding="utf-8-sig"), path.name
