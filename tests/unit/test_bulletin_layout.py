"""How tables, charts and files are set: order, units of columns, decimals, headers, what stays together on a page."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import polars as pl
import pytest
from docx import Document as open_word

from dagster_project.bulletin import make_publication
from dagster_project.bulletin.chart_lines import with_sides
from dagster_project.bulletin.chart_spec import specification
from dagster_project.bulletin.charts import description
from dagster_project.bulletin.compose import compose, make_book
from dagster_project.bulletin.document import Chart, Document, FigureRun, NumberRun, Quoted, Table, plain
from dagster_project.bulletin.figures import Figure
from dagster_project.bulletin.layout import column_shares, is_short, length, lines, parted, text_scale
from dagster_project.bulletin.reading import Sources, read_sources
from dagster_project.bulletin.register import COLUMNS, DERIVED_DECIMALS, figure_rows
from dagster_project.bulletin.word_tables import table_element
from dagster_project.disclosure import load_parameters
from dagster_project.settings import Settings
from tests.bulletin_home import PROVINCE, RUN_ID, make_home, with_break

VINTAGE = "2026-03-01_draft"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_home(tmp_path_factory.mktemp("layout") / "home")


@pytest.fixture(scope="module")
def sources(home: Settings) -> Sources:
    with duckdb.connect(str(home.warehouse)) as connection:
        return read_sources(connection, 2025, load_parameters())


@pytest.fixture(scope="module")
def document(sources: Sources) -> Document:
    return compose(sources, VINTAGE)


@pytest.fixture(scope="module")
def folder(home: Settings) -> Path:
    return make_publication(home, 2025, run_id=RUN_ID).folder


def table(document: Document, key: str) -> Table:
    return next(one for one in document.tables() if one.key == key)


def figures(parts: tuple[object, ...]) -> list[Figure]:
    return [part.figure for part in parts if isinstance(part, FigureRun)]


def test_the_long_table_follows_the_text(document: Document) -> None:
    rows = table(document, "headline").rows
    groups = [plain(row.header) for row in rows if row.is_group]
    assert groups == [
        "基本医疗保险",
        "职工医保",
        "居民医保",
        "生育保险",
        "医疗救助",
        "三医协同",
        "异地就医",
        "赋能与经办",
    ]
    order = [row.anchor.rpartition("_")[0] for row in rows]
    for scheme in ("employee", "resident"):
        places = [
            order.index(f"{scheme}_{name}")
            for name in (
                "insured", "fund_income", "benefit_visits", "avg_inpatient_cost", "avg_inpatient_cost_tertiary",
                "avg_inpatient_cost_primary", "avg_length_of_stay", "inpatient_catalog_pay_ratio", "actual_pay_ratio",
            )
        ]  # fmt: skip
        assert places == sorted(places)
    assert sum(not row.is_group for row in rows) == len(set(order) - {""})


def test_no_column_mixes_growth_with_points(document: Document) -> None:
    for key in ("scheme", "scheme_ratio", "headline"):
        one = table(document, key)
        for index, column in enumerate(one.columns):
            units = {
                figure.unit.text
                for row in one.rows
                for figure in figures(row.cells[index])
                if figure.kind in ("change", "growth")
            }
            header = plain(column)
            assert len(units) <= 1
            assert ("百分点" in header) == (units == {"个百分点"}) and ("增长（%）" in header) == (units == {"%"})


def test_a_ratio_and_its_change_have_the_same_decimals(sources: Sources, document: Document) -> None:
    book = make_book(sources)
    for indicator in book.headline():
        level = book.figure(indicator)
        if level.is_ratio and level.has_value:
            assert level.decimals >= 1
            assert book.change(level).decimals == level.decimals
    body = table(document, "scheme_ratio")
    for row in body.rows:
        shown = {figure.decimals for cell in row.cells for figure in figures(cell)}
        assert len(shown) == 1, plain(row.header)


def test_a_change_below_the_printed_digits_is_said_in_words(sources: Sources) -> None:
    book = make_book(sources)
    level = book.figure("coverage_rate")
    assert not book.change(level).is_too_small_to_tell
    small = Figure(**{**vars(book.change(level)), "value": Decimal("0.04")})
    assert small.is_too_small_to_tell and small.in_unit() == "0.04"


def test_sources_of_published_figures_are_named_in_chinese(document: Document) -> None:
    rows = table(document, "reference_province").rows
    assert rows
    for row in rows:
        assert not re.search("[A-Za-z]", plain(row.cells[3])), plain(row.cells[3])
        assert "Guizhou" in plain(row.cells[3], "en")


def test_the_register_gives_exact_parts_and_no_endless_digits(folder: Path) -> None:
    text = (folder / "tables" / "figures.csv").read_text(encoding="utf-8-sig")
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["value"]]
    derived = [row for row in rows if row["kind"] in ("change", "growth")]
    assert derived and all(len(row["value"].partition(".")[2]) <= DERIVED_DECIMALS for row in derived)
    ratio = next(row for row in rows if row["indicator_id"] == "coverage_rate" and row["kind"] == "level")
    exact = 100 * Decimal(ratio["numerator"]) / Decimal(ratio["denominator"])
    assert abs(exact - Decimal(ratio["value"])) < Decimal("1e-9")


def test_the_sheet_of_all_figures_speaks_chinese_first(folder: Path) -> None:
    sheet = openpyxl.load_workbook(folder / "bulletin.xlsx")["数据"]
    headers = [str(cell.value) for cell in sheet[5]]
    names = [str(cell.value) for cell in sheet[6]]
    assert headers[:4] == ["位置\nWhere", "指标名称\nName in Chinese", "年份\nYear", "地区\nRegion"]
    assert set(COLUMNS) <= set(names)
    first = {name: cell.value for name, cell in zip(names, sheet[7], strict=True)}
    assert (first["place_zh"], first["region_zh"], first["kind_zh"]) == ("正文", "贵州省", "数值")
    kinds = {sheet.cell(row=row, column=names.index("kind_zh") + 1).value for row in range(7, sheet.max_row + 1)}
    assert kinds == {"数值", "增减", "增速", "已公布数"}


def test_sheets_fit_the_width_of_a_page_and_rows_their_texts(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "bulletin.xlsx")
    for sheet in book.worksheets:
        assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.page_setup.fitToHeight == 0
    sheet = book["口径"]
    longest = max(range(6, sheet.max_row), key=lambda row: len(str(sheet.cell(row=row, column=2).value)))
    width = sheet.column_dimensions["B"].width
    needed = lines(str(sheet.cell(row=longest, column=2).value), width - 1)
    assert needed > 1 and sheet.row_dimensions[longest].height >= 13 * needed


def test_word_rows_are_never_torn_and_headers_return(folder: Path) -> None:
    word = open_word(str(folder / "bulletin.docx"))
    assert len(word.tables) > 10
    for one in word.tables:
        assert "w:tblHeader" in one.rows[0]._tr.xml
        assert all("w:cantSplit" in row._tr.xml for row in one.rows)
        total = sum(int(column.width) for column in one.columns) / 36000
        assert total == pytest.approx(160, abs=0.5)  # millimetres of text on the page


# Digits of 8.5 points that a line of 160 mm holds, and those that the margins of a cell take.
WORD_LINE, WORD_MARGINS = 160 / 25.4 * 72 / 4.25, 2 * 57 / 20 / 4.25


def room_and_longest(one: Table) -> list[tuple[float, float]]:
    """What each column that holds numbers has room for in the Word file, and its longest content, in digits."""
    shares = column_shares(one)[1:]
    rows = [row for row in one.rows if not row.is_group]
    return [
        (
            share * WORD_LINE / text_scale(one) - WORD_MARGINS,
            max((length(plain(row.cells[index])) for row in rows), default=0.0),
        )
        for index, share in enumerate(shares)
        if index not in one.text_columns
        or any(isinstance(part, NumberRun) for row in rows for part in row.cells[index])
    ]


@pytest.mark.parametrize("times", [1, 40, 10_000])
def test_no_number_is_broken_over_lines(sources: Sources, times: int) -> None:
    """Nor a list of numbers, whatever the size of the province."""
    grown = pl.col("unit").str.contains("元") & (pl.col("region_code") == PROVINCE)
    value = pl.when(grown).then(pl.col("value") * times).otherwise("value").alias("value")
    document = compose(replace(sources, values=sources.values.with_columns(value)), VINTAGE)
    for one in document.tables():
        assert all(room >= longest for room, longest in room_and_longest(one)), one.key
        assert text_scale(one) > 0.7, one.key  # six points: still read without a glass


def test_a_list_of_numbers_stands_on_one_line_everywhere(document: Document, folder: Path) -> None:
    one = table(document, "definitions")
    assert is_short(one, 1) and not is_short(one, 0)
    cells = {plain(row.cells[1]) for row in one.rows}
    page = (folder / "bulletin.html").read_text(encoding="utf-8")
    styled = re.findall(r'<td class="text short">(?:<span class="zh">)?([^<]*)<', page)
    assert max(cells, key=len) in styled
    css = page[page.index("<style") : page.index("</style>")]
    assert "td.short,tbody td.short *{white-space:nowrap}" in css and "anywhere" not in css


def test_a_table_too_wide_for_the_page_is_set_smaller(sources: Sources) -> None:
    one = table(compose(sources, VINTAGE), "region_fund")
    digits = Quoted("1" * 16, "test")
    wide = replace(one, rows=tuple(replace(row, cells=((digits,),) * len(row.cells)) for row in one.rows))
    assert 0.5 < text_scale(wide) < 0.9
    assert all(room >= longest for room, longest in room_and_longest(wide))
    sizes = {int(size) for size in re.findall(r'<w:sz w:val="(\d+)"/>', table_element(wide, "a", "b", 160.0).xml)}
    assert sizes == {int(17 * text_scale(wide))}


def test_a_line_is_broken_where_the_series_breaks(sources: Sources) -> None:
    document = compose(with_break(sources, "B19"), VINTAGE)
    chart = next(one for one in document.charts() if one.key == "outarea")
    assert chart.breaks == {2025}
    own, nation = specification(chart)["vconcat"]
    for panel in (own, nation):
        line = lines_of(panel)[0]
        assert [point["part"] for point in line["data"]["values"]] == [0, 0, 1]
        assert line["layer"][0]["encoding"]["detail"]["field"] == "part"
        rule = next(one for one in panel["layer"] if one.get("mark", {}).get("type") == "rule")
        assert rule["data"]["values"] == [{"year": "2025年※"}] and rule["mark"]["xOffset"] < 0
    symbols = re.findall(r'"symbolType": "(\w+)"', json.dumps(own["layer"]))
    assert set(symbols) == {"square", "stroke"}


def lines_of(panel: dict[str, Any]) -> list[dict[str, Any]]:
    """The layers of a panel that are lines, in order."""
    return [one for one in panel["layer"] if one.get("layer", [{"mark": {}}])[0]["mark"].get("type") == "line"]


def chart_of(document: Document, key: str) -> Chart:
    return next(one for one in document.charts() if one.key == key)


def texts(layer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(point["year"], point["text"]) for point in layer["data"]["values"]]


def test_a_published_mean_stands_beside_ours_and_published_counts_in_a_panel_of_their_own(document: Document) -> None:
    own, nation = specification(chart_of(document, "employee_inpatient"))["vconcat"]
    ours, theirs = lines_of(own)
    assert [year for year, _ in texts(ours)] == ["2023年", "2024年", "2025年"]
    # The bulletins' figures, not those of a quick report; dashed, and in the same unit on the same axis.
    assert texts(theirs) == [("2023年", "12175"), ("2024年", "11707"), ("2025年", "11522")]
    assert theirs["layer"][0]["mark"]["strokeDash"] and "strokeDash" not in ours["layer"][0]["mark"]
    axes = [line["layer"][0]["encoding"]["y"] for line in (ours, theirs)]
    assert axes[0] == axes[1] and axes[0]["title"] == "元"
    assert lines_of(nation) == []
    columns = nation["layer"][0]
    assert texts(columns) == [("2023年", "0.8"), ("2024年", "0.82"), ("2025年", "0.83")]
    assert columns["layer"][0]["encoding"]["y"]["title"] == "亿人次"
    assert nation["title"]["text"] == "全国（已公布数）"
    assert "全国数为已公布数" in plain(chart_of(document, "employee_inpatient").footnote)


def test_a_goal_of_policy_is_a_line_with_its_year_and_source(document: Document) -> None:
    found = {}
    for key in ("coverage", "inpatient_scope_ratio", "inpatient_catalogue_ratio"):
        (panel,) = specification(chart_of(document, key))["vconcat"]
        marks = [one for one in panel["layer"] if one.get("mark", {}).get("type") == "text"]
        found[key] = [(one["data"]["values"][0]["value"], one["data"]["values"][0]["text"]) for one in marks]
    assert found == {
        "coverage": [(95.0, ["2030年目标", "≥95%"])],
        "inpatient_scope_ratio": [(80.0, ["2030年目标", "约80%"]), (70.0, ["2030年目标", "约70%"])],
        "inpatient_catalogue_ratio": [],
    }
    note = plain(chart_of(document, "inpatient_scope_ratio").footnote)
    assert note.count("十五五") == 1 and "目标" not in plain(chart_of(document, "inpatient_catalogue_ratio").footnote)
    assert "职工医保，2030年目标约80%" in description(chart_of(document, "inpatient_scope_ratio"))


def test_published_figures_of_charts_are_in_the_register_and_others_are_not_drawn(document: Document) -> None:
    rows = [
        row
        for row in figure_rows(document)
        if row["place"] == "chart:resident_inpatient" and row["kind"] == "reference"
    ]
    assert {(row["indicator_id"], row["year"], row["printed"], row["unit"]) for row in rows} == {
        ("resident_inpatient_visits", 2023, "2", "亿人次"), ("resident_inpatient_visits", 2024, "2.06", "亿人次"),
        ("resident_inpatient_visits", 2025, "1.96", "亿人次"), ("resident_avg_inpatient_cost", 2023, "7674", "元"),
        ("resident_avg_inpatient_cost", 2024, "7408", "元"), ("resident_avg_inpatient_cost", 2025, "7339", "元"),
    }  # fmt: skip
    assert all(row["region_code"] == "100000" for row in rows)


def test_a_home_without_published_figures_has_charts_of_its_own_alone(sources: Sources) -> None:
    empty = {name: sources.register(name).clear() for name in ("indicator.published_reference", "seed.policy_target")}
    alone = compose(replace(sources, registers={**sources.registers, **empty}), VINTAGE)
    for chart in alone.charts():
        (panel,) = specification(chart)["vconcat"]
        assert all("strokeDash" not in line["layer"][0]["mark"] for line in lines_of(panel))
        assert "全国" not in json.dumps(specification(chart), ensure_ascii=False)


def test_numbers_of_near_points_stand_on_both_sides() -> None:
    def points(*values: float) -> list[dict[str, Any]]:
        return [{"year": f"{2023 + place}", "value": value} for place, value in enumerate(values)]

    # Near and below the other; far below; near and above; the same.
    (own, nation), (other, _) = with_sides(
        [(points(50, 10, 53, 40), points(52, 50, 52, 40)), (points(90, 90, 90, 90), [])], 5
    )
    assert [point["up"] for point in own] == [False, True, True, True]
    assert [point["up"] for point in nation] == [True, True, False, False]
    assert [point["up"] for point in other] == [True] * 4


def test_measures_of_texts() -> None:
    assert length("万人") == 4 and length("2025") == 4
    assert lines("一二三四", 4) == 2 and lines("一\n二", 10) == 2
    assert lines("", 10) == 1


def test_a_header_is_parted_from_its_unit(document: Document) -> None:
    words, unit = parted(table(document, "region_fund").columns[0])
    assert plain(words) == "职工收入" and re.fullmatch("（[万亿]?元）", plain(unit))
    assert parted(table(document, "headline").corner)[1] == ()
    assert is_short(table(document, "reference_findings"), 3)  # 已知例外: one line, not one character a line
