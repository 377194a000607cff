"""A bureau's figures against ours: reading what people write, what names and units mean, and reasons that need no computing."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from dagster_project.dictionary import load_switches
from dagster_project.dictionary.definitions import load_national
from dagster_project.errors import UserError
from dagster_project.forms.model import load_forms
from dagster_project.forms.workbook import column_head, heading, read_heading
from dagster_project.language import Text
from dagster_project.reconcile import matching
from dagster_project.reconcile.forms import StatedCell, answer_of_forms, compared_cells, explained, summary_of_forms
from dagster_project.reconcile.matching import Matched, indicator_named, matched
from dagster_project.reconcile.reading import Stated, folded_cell, parse_number, read_stated
from dagster_project.reconcile.reasons import candidates, cheap_reason, definition_reasons

PROVINCE, CITY = "520000", "520100"
REGIONS = {PROVINCE: "贵州省", CITY: "贵阳市"}


def book(path: Path, **sheets: list[list[Any]]) -> Path:
    """A workbook of these sheets."""
    with xlsxwriter.Workbook(str(path)) as made:
        for title, rows in sheets.items():
            page = made.add_worksheet(title)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
    return path


def stated(name: str, value: str, unit: str = "", year: int = 2024, region: str = "") -> Stated:
    """One figure, with the digits as written."""
    number = Decimal(value)
    return Stated("表!B2", name, region, year, number, max(0, -int(number.as_tuple().exponent)), unit)


@pytest.mark.parametrize(
    ("cell", "number", "unit"),
    [
        (4114.4, "4114.4", ""), (95, "95", ""), (300.29999999999995, "300.3", ""), ("4,114.40", "4114.40", ""),
        ("超过95%", "95", "%"), ("约 2.43亿人次", "2.43", "亿人次"), ("－12.5", "-12.5", ""), ("１２３", "123", ""),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(cell: Any, number: str, unit: str) -> None:
    found = parse_number(cell)
    assert found is not None and (str(found[0]), found[1]) == (number, unit)


@pytest.mark.parametrize("cell", ["见注", "", True, "n/a"])
def test_what_is_no_number_is_none(cell: Any) -> None:
    assert parse_number(cell) is None


def test_years_as_columns_below_a_title(tmp_path: Path) -> None:
    rows = [
        ["贵州省公报"],
        [],
        ["指标", "地区", "单位", "2023年", 2024],
        ["参保率", "贵阳", "%", "—", 95.1],
        ["参保率", "", "%", "见注", ""],
    ]
    found, unread = read_stated(book(tmp_path / "a.xlsx", 数据=rows, 空=[["别的"]]))
    assert [(one.place, one.name, one.region, one.year, str(one.value), one.unit) for one in found] == [
        ("数据!E4", "参保率", "贵阳", 2024, "95.1", "%")
    ]
    assert [(one.place, one.text) for one in unread] == [("数据!D5", "参保率：见注")]


def test_one_figure_a_row_and_a_year_for_those_without(tmp_path: Path) -> None:
    rows = [["indicator_id", "value"], ["coverage_rate", 95.0]]
    found, _ = read_stated(book(tmp_path / "a.xlsx", data=rows), 2022)
    assert [(one.name, one.year, one.decimals) for one in found] == [("coverage_rate", 2022, 0)]
    rows = [["年份", "指标名称", "数值"], [2023.0, "参保率", "95.10"], ["2024年", "参保率", "95.2"]]
    found, _ = read_stated(book(tmp_path / "b.xlsx", data=rows))
    assert [(one.year, one.decimals) for one in found] == [(2023, 2), (2024, 1)]


def test_a_workbook_without_figures_is_refused_with_what_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        read_stated(book(tmp_path / "a.xlsx", 说明=[["没有表"]]))
    assert (
        "说明" in str(refused.value.where) and refused.value.todo is not None and "--template" in refused.value.todo.zh
    )
    (tmp_path / "b.xlsx").write_bytes(b"no workbook")
    with pytest.raises(UserError):
        read_stated(tmp_path / "b.xlsx")


@pytest.mark.parametrize(
    ("name", "indicator"),
    [
        ("参保率", "coverage_rate"), ("coverage_rate", "coverage_rate"), ("Coverage Rate", "coverage_rate"),
        ("职工医保基金收入（含生育）", "employee_fund_income"), ("职工医保基金收入", "employee_fund_income"),
        ("快报参保人数", "insured_total"), ("基本医疗保险参保人数", "insured_total"),
    ],
)  # fmt: skip
def test_a_name_means_one_indicator(name: str, indicator: str) -> None:
    found = indicator_named(name)
    assert found is not None and found.indicator_id == indicator


def test_a_name_of_none_is_not_guessed_but_helped() -> None:
    assert indicator_named("参保人数") is None
    assert "insured_total" in [one.indicator_id for one in matching.alike("医保参保人数")]


OURS = {
    ("insured_total", 2024, PROVINCE): 4114.404, ("insured_total", 2023, PROVINCE): 4102.5,
    ("coverage_rate", 2024, PROVINCE): 95.049, ("coverage_rate", 2024, CITY): 97.0,
    ("employee_fund_income", 2024, PROVINCE): 312.25, ("resident_fund_income", 2024, PROVINCE): 288.75,
}  # fmt: skip


def verdict(one: Stated) -> Matched:
    """That figure with ours."""
    return matched([one], OURS, REGIONS, PROVINCE)[0]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (stated("insured_total", "4114.40", "万人"), matching.AGREES),
        (stated("insured_total", "41144040", "人"), matching.AGREES),
        (stated("insured_total", "0.41", "亿人"), matching.AGREES),
        (stated("参保率", "95.0"), matching.AGREES),
        (stated("参保率", "95.1"), matching.LAST_DIGIT),
        (stated("参保率", "96"), matching.DIFFERS),
        (stated("参保率", "97.0", region="贵阳"), matching.AGREES),
        (stated("参保率", "97.0", region="火星"), matching.NO_REGION),
        (stated("参保率", "95", "万人"), matching.WRONG_UNIT),
        (stated("参保率", "95", year=2019), matching.NO_VALUE),
        (stated("满意率", "95"), matching.UNKNOWN),
    ],
)
def test_verdicts(one: Stated, expected: str) -> None:
    assert verdict(one).verdict == expected


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (stated("insured_total", "41144.04", "万人"), "10 倍大"),
        (stated("insured_total", "4102.50", "万人"), "2023 年的数"),
        (stated("employee_fund_income", "288.75"), "另一险种"),
        (stated("coverage_rate", "94.2"), "2025-03-01_quick_report"),
    ],
)
def test_cheap_reasons(one: Stated, words: str) -> None:
    frozen = {"2025-03-01_quick_report": {("coverage_rate", 2024, PROVINCE): 94.21}}
    reason = cheap_reason(verdict(one), OURS, frozen)
    assert reason is not None and reason.is_exact and words in reason.text.zh


def test_no_reason_is_made_up() -> None:
    assert cheap_reason(verdict(stated("coverage_rate", "91.7")), OURS, {}) is None


def test_the_choice_that_prints_the_stated_figure_is_the_reason_else_the_one_that_explains_most() -> None:
    switches, national = load_switches(), load_national()
    apart = [verdict(stated("coverage_rate", "106.3")), verdict(stated("coverage_rate", "101.0"))]
    tried = candidates(apart, switches, national, {"insured_rule", "insured_dedup", "dedup_scope"})
    assert ("coverage_denominator", "resident") in tried and ("coverage_denominator", "registered") in tried
    assert all(name == "coverage_denominator" and value != "should_be_enrolled" for name, value in tried)
    under = {"resident": 106.3349, "registered": 99.0}
    found = definition_reasons(
        apart, tried, lambda name, value, year: {("coverage_rate", year, PROVINCE): under[value]}, switches
    )
    assert found[apart[0]].is_exact and "coverage_denominator=resident" in found[apart[0]].text.zh
    assert not found[apart[1]].is_exact and "coverage_denominator=registered" in found[apart[1]].text.zh


def test_a_choice_that_takes_little_away_explains_nothing() -> None:
    apart = [verdict(stated("coverage_rate", "120.0"))]
    found = definition_reasons(
        apart, [("coverage_denominator", "resident")],
        lambda name, value, year: {("coverage_rate", year, PROVINCE): 96.0}, load_switches(),
    )  # fmt: skip
    assert not found


def test_rows_and_columns_of_a_form_are_known_by_their_names() -> None:
    for form in load_forms()[0]:
        rows = [folded_cell(row.name.zh) for row in form.rows]
        for names in (
            rows,
            [folded_cell(column_head(one)) for one in form.columns],
            [folded_cell(one.name.zh) for one in form.columns],
        ):
            assert len(set(names)) == len(names), form.key
    for quarter in (1, 2, 3, 4):
        assert read_heading(heading("贵州省", 2024, quarter)) == ("贵州省", 2024, quarter)


WHERE = ("HI4", "outpatient", "total", 2024, 3)
LATER = (*WHERE[:3], 2024, 4)


def cell(value: str) -> StatedCell:
    """A filled cell, with the digits as written."""
    number = Decimal(value)
    return StatedCell("HI4!B7", "贵州省", WHERE, number, max(0, -int(number.as_tuple().exponent)))


def test_a_cell_differs_until_a_definition_explains_it() -> None:
    ours = {WHERE: (Decimal("1234.56"), ""), LATER: (Decimal("2000.00"), "")}
    _, _, chance, other, nobodys = cells = [cell(one) for one in ("1234.56", "1234.6", "2000", "1111.11", "5")]
    compared = compared_cells(cells, lambda _: ours)
    assert [(one.agrees, one.is_open) for one in compared] == [(True, False)] * 2 + [(False, True)] * 3
    under = {WHERE: (Decimal("1111.11"), "")}
    explained_cells = explained(compared, lambda _: under, Text("口径", "choice"))
    assert [one.reason.zh if one.reason else None for one in explained_cells] == [None, None, None, "口径", None]
    apart, left, every = answer_of_forms(explained_cells, [])
    assert [row[6] for row in apart.rows] == [chance.value, nobodys.value, other.value], (
        "what nothing explains comes first"
    )
    assert apart.rows[1][8] == Decimal("5") - Decimal("1234.56") and not left.rows and len(every.rows) == 5
    told = [line.zh for line in summary_of_forms(explained_cells, [])]
    assert told[0] == "核对 5 格：相符 2，不符 3，本库空白 0，读不出 0" and any(
        "2 格：没有找到原因" in line for line in told
    )


def test_a_period_is_the_reason_where_all_that_differs_in_a_form_is_of_it() -> None:
    ours = {WHERE: (Decimal("1234.56"), ""), LATER: (Decimal("2000.00"), "")}
    (whole,) = compared_cells([cell("2000")], lambda _: ours)
    assert whole.reason is not None and "2024 年至第 4 季" in whole.reason.zh and not whole.is_open
    assert all(one.is_open for one in compared_cells([cell("2000"), cell("5")], lambda _: ours)), (
        "one cell may be so by chance"
    )


def test_a_cell_that_is_blank_here_says_why() -> None:
    (blank,) = compared_cells([cell("5")], lambda _: {WHERE: (None, "no_lines")})
    assert not blank.is_open and not blank.agrees
    _, left, _ = answer_of_forms([blank], [])
    assert "费用明细" in str(left.rows[0][2])
