"""The CSV files of a publication are data: one header, numbers as numbers, what is said about a number in a column of its own."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dagster_project.bulletin import make_publication
from dagster_project.bulletin.compose import compose
from dagster_project.bulletin.data_tables import FLAG, UNIT, csv_text, table_data
from dagster_project.bulletin.document import Document, FigureRun, plain
from dagster_project.bulletin.reading import Sources, read_sources
from dagster_project.bulletin.register import figure_rows
from dagster_project.disclosure import load_parameters
from dagster_project.settings import Settings
from tests.bulletin_home import RUN_ID, SMALL_REGION, make_home, with_break

VINTAGE = "2026-03-01_draft"
FLAGS = {"", "break", "suppressed", "not_computable", "over", "about"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_home(tmp_path_factory.mktemp("data") / "home")


@pytest.fixture(scope="module")
def sources(home: Settings) -> Sources:
    with duckdb.connect(str(home.warehouse)) as connection:
        return read_sources(connection, 2025, load_parameters())


@pytest.fixture(scope="module")
def folder(home: Settings) -> Path:
    return make_publication(home, 2025, run_id=RUN_ID).folder / "tables"


def records(document: Document, key: str) -> list[dict[str, str]]:
    table = next(one for one in document.tables() if one.key == key)
    return list(csv.DictReader(io.StringIO(csv_text(table_data(document, table)).removeprefix("\ufeff"))))


def test_every_line_is_a_row_of_data_and_names_are_unique(folder: Path) -> None:
    paths = sorted(folder.glob("*.csv"))
    assert len(paths) > 10
    for path in paths:
        header, *rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")))
        assert rows and len(set(header)) == len(header) and all(header), path.name
        assert {len(row) for row in rows} == {len(header)}, path.name
        assert all(row[header.index("数据性质" if "数据性质" in header else "data_nature")] for row in rows), path.name


def test_a_column_with_figures_holds_numbers_and_nothing_else(sources: Sources, folder: Path) -> None:
    document = compose(sources, VINTAGE)
    for table in document.tables():
        frame = pl.read_csv(folder / f"{table.key}.csv", infer_schema_length=None)
        flagged = [name.removesuffix(FLAG) for name in frame.columns if name.endswith(FLAG)]
        holding = [
            index
            for index in range(len(table.columns))
            if any(isinstance(part, FigureRun) for row in table.rows if not row.is_group for part in row.cells[index])
        ]
        assert len(flagged) == len(holding), table.key
        for name in flagged:
            assert frame[name].dtype.is_numeric() or frame[name].is_null().all(), (table.key, name)
            assert set(frame[name + FLAG].fill_null("")) <= FLAGS, (table.key, name)
    register = pl.read_csv(folder / "figures.csv", infer_schema_length=None)
    assert all(register[name].dtype.is_numeric() for name in ("year", "printed", "value", "numerator", "denominator"))


def test_numbers_of_the_files_are_those_of_the_page(sources: Sources, folder: Path) -> None:
    document = compose(sources, VINTAGE)
    for table in document.tables():
        printed = [
            part.text()
            for row in table.rows
            for cell in row.cells
            for part in cell
            if isinstance(part, FigureRun) and part.figure.has_value
        ]
        found = [
            value for row in records(document, table.key) for name, value in row.items() if name + FLAG in row and value
        ]
        assert found == printed, table.key


def test_a_break_is_a_flag_and_never_part_of_a_number(sources: Sources) -> None:
    document = compose(with_break(sources, "B19"), VINTAGE)
    rows = {row["指标编码"]: row for row in records(document, "headline")}
    broken = rows["outarea_visits"]
    assert broken["2025年" + FLAG] == "break" and float(broken["2025年"]) > 0
    assert broken["2024年" + FLAG] == "" and float(broken["2024年"]) > 0
    assert (broken["比上年增长（%）"], broken["比上年增长（%）" + FLAG]) == ("", "break")
    assert rows["insured_total"]["2025年" + FLAG] == ""
    marked = {row["indicator_id"] for row in figure_rows(document) if row["series_break"] == "Y"}
    assert "outarea_visits" in marked and "insured_total" not in marked


def test_what_is_withheld_or_cannot_be_computed_is_empty_and_flagged(sources: Sources) -> None:
    document = compose(sources, VINTAGE)
    rows = {row["地区代码"]: row for row in records(document, "region_enrolment")}
    withheld = [name for name, value in rows[SMALL_REGION].items() if value == "suppressed"]
    assert withheld and all(rows[SMALL_REGION][name.removesuffix(FLAG)] == "" for name in withheld)
    other = {row["地区代码"]: row for row in records(document, "region_other")}["520100"]
    rate = next(name for name in other if name.startswith("跨省直接结算率") and not name.endswith(FLAG))
    assert (other[rate], other[rate + FLAG]) == ("", "not_computable")


def test_a_repeated_header_says_what_it_belongs_to_and_published_units_stand_apart(sources: Sources) -> None:
    document = compose(sources, VINTAGE)
    assert {"合计_比上年增长（%）", "职工医保_比上年增长（%）"} <= set(records(document, "scheme")[0])
    published = records(document, "reference_province")
    assert all(float(row["公布数"]) and row["公布数" + UNIT] and int(row["年份"]) for row in published)
    choices = records(document, "choices")
    assert [int(row["序号"]) for row in choices] == list(range(1, len(choices) + 1))


def test_every_row_says_that_it_is_invented_and_no_published_figure_does(sources: Sources, folder: Path) -> None:
    document = compose(sources, VINTAGE)
    for table in document.tables():
        natures = {row["数据性质"] for row in records(document, table.key)}
        assert len(natures) == 1 and all("合成数据" in one and "synthetic" in one for one in natures)
        assert table.is_reference == any("published figures excepted" in one for one in natures)
    register = pl.read_csv(folder / "figures.csv", infer_schema_length=None)
    is_published = pl.col("kind") == "reference"
    assert set(register.filter(is_published)["data_nature"]) == {"已公布数 / published"}
    assert set(register.filter(~is_published)["data_nature"]) == {"合成数据 / synthetic"}


def test_a_file_of_real_data_has_no_mark(tmp_path: Path) -> None:
    settings = make_home(tmp_path / "home", synthetic=False)
    with duckdb.connect(str(settings.warehouse)) as connection:
        document = compose(read_sources(connection, 2025, load_parameters()), VINTAGE)
    for table in document.tables():
        assert "合成" not in str(table_data(document, table)), plain(table.title)
