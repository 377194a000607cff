"""The forms as a workbook: a sheet a form with named cells, the cross-form rules, what stays blank and why.

Belongs here: sheets, names of cells, number formats. Does not belong here: any number (`filling.py`) or verdict (`checks`).
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl
import xlsxwriter

from dagster_project.checks.catalogue import form_rules
from dagster_project.checks.model import CheckResult
from dagster_project.forms.filling import Filled
from dagster_project.forms.model import Column, Form, cell_name, load_forms
from dagster_project.language import Text

INTERNAL = Text("内部报表：未经披露控制，不得公开。", "Internal return: not disclosure-controlled, do not publish.")
_FONT = "宋体"
_STATUS = {"pass": "通过", "warn": "提示", "fail": "不通过", "error": "未能检查", "not_applicable": "不适用"}
ROW_HEAD = "项目"
_LISTED = 2600  # failed comparisons beyond these are counted only


_HEADING = re.compile(r"(\S+)\s+(20\d\d)\s*年(?:\s*1\s*[—–-]\s*(\d{1,2})\s*月)?\s")


def heading(region: str, year: int, quarter: int) -> str:
    """The line below the title of each sheet: whose form it is, and of which months."""
    period = f"{year} 年" + ("" if quarter == 4 else f"1—{3 * quarter} 月")
    return f"{region}　{period}　金额单位：元"


def column_head(column: Column) -> str:
    """What stands above a column: its name and its unit."""
    return f"{column.name.zh}\n（{column.unit}）"


def read_heading(line: str) -> tuple[str, int, int] | None:
    """Region, year and quarter of such a line; None for any other."""
    found = _HEADING.match(line)
    if found is None:
        return None
    region, year, month = found.groups()
    return region, int(year), -(-int(month or 12) // 3)


class _Looks:
    def __init__(self, book: Any) -> None:
        base = {"font_name": _FONT, "font_size": 10, "valign": "vcenter"}
        line = {"bottom": 4, "bottom_color": "#C8CCD2"}
        self.title = book.add_format({**base, "font_size": 14, "bold": True})
        self.alarm = book.add_format({**base, "bold": True, "font_color": "#9C1C13"})
        self.note = book.add_format({**base, "font_color": "#595959"})
        self.head = book.add_format(
            {**base, "bold": True, "text_wrap": True, "align": "center", "bg_color": "#E8EEF5", "bottom": 1}
        )
        self.row = book.add_format({**base, **line, "bold": True})
        self.part = book.add_format({**base, **line, "indent": 1})
        self.text = book.add_format({**base, **line, "text_wrap": True})
        self.count = book.add_format({**base, **line, "num_format": "#,##0"})
        self.plain = book.add_format({**base, **line})
        self.money = book.add_format({**base, **line, "num_format": "#,##0.00"})
        self.blank = book.add_format({**base, **line, "bg_color": "#F2F2F2"})


def forms_book(
    filled: Filled, region: str, names: Mapping[str, str], quarter: int, comparisons: pl.DataFrame,
    results: Sequence[CheckResult], made: datetime, is_synthetic: bool,
) -> bytes:  # fmt: skip
    """The workbook of one region up to the end of a quarter; `names` are those of all regions by code. The bytes depend on the
    arguments alone."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    book.set_properties({"created": made, "comments": INTERNAL.zh})
    looks = _Looks(book)
    cells = {
        (form, row, column): (value, reason)
        for form, row, column, value, reason in filled.cells.filter(
            pl.col("region_code") == region, pl.col("year") == filled.year, pl.col("quarter") == quarter
        ).select("form", "row", "column", "hundredths", "reason").iter_rows()
    }  # fmt: skip
    lines = [heading(names[region], filled.year, quarter), INTERNAL.zh + INTERNAL.en]
    if is_synthetic:
        lines.append("合成数据，不是真实数字。Synthetic data.")
    forms, reasons = load_forms()
    _rules_sheet(book, looks, lines, results)
    _failed_sheet(book, looks, lines, comparisons, names)
    for form in forms:
        _form_sheet(book, looks, lines, form, cells, reasons)
    book.close()
    return content.getvalue()


def _top(sheet: Any, looks: _Looks, title: str, lines: Sequence[str]) -> int:
    sheet.write_string(0, 0, title, looks.title)
    for number, line in enumerate(lines, 1):
        sheet.write_string(number, 0, line, looks.note if number == 1 else looks.alarm)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&C&P / &N")
    return len(lines) + 2


def _form_sheet(
    book: Any, looks: _Looks, lines: Sequence[str], form: Form,
    cells: Mapping[tuple[str, str, str], tuple[int | None, str]], reasons: Mapping[str, Text],
) -> None:  # fmt: skip
    sheet = book.add_worksheet(form.key)
    top = _top(sheet, looks, f"{form.key} {form.title.zh}", lines)
    sheet.write_string(top, 0, ROW_HEAD, looks.head)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, len(form.columns), 16)
    sheet.set_row(top, 42)
    for place, column in enumerate(form.columns, 1):
        sheet.write_string(top, place, column_head(column), looks.head)
    blanks: Counter[str] = Counter()
    for line, row in enumerate(form.rows, top + 1):
        sheet.write_string(line, 0, row.name.zh, looks.part if row.depth else looks.row)
        for place, column in enumerate(form.columns, 1):
            value, reason = cells[form.key, row.key, column.key]
            if value is None:
                sheet.write_blank(line, place, None, looks.blank)
                blanks[reason] += 1
            else:
                sheet.write_number(line, place, value / 100, looks.money if column.unit == "元" else looks.count)
            where = xlsxwriter.utility.xl_rowcol_to_cell(line, place, row_abs=True, col_abs=True)
            book.define_name(cell_name(form.key, row.key, column.key), f"='{form.key}'!{where}")
    for number, (reason, count) in enumerate(sorted(blanks.items()), top + 2 + len(form.rows)):
        sheet.write_string(number, 0, f"空白 {count} 格：{reasons[reason].zh}", looks.note)
    sheet.freeze_panes(top + 1, 1)
    sheet.repeat_rows(top)


def _rules_sheet(book: Any, looks: _Looks, lines: Sequence[str], results: Sequence[CheckResult]) -> None:
    sheet = book.add_worksheet("表间审核")
    top = _top(sheet, looks, "表间审核 X01—X17", lines)
    for place, (head, width) in enumerate(
        (("规则", 14), ("内容", 52), ("结果", 10), ("比较次数", 11), ("不符", 9), ("怎么办", 60))
    ):
        sheet.write_string(top, place, head, looks.head)
        sheet.set_column(place, place, width)
    rules = form_rules()
    for line, result in enumerate(results, top + 1):
        rule = rules[result.check_name]
        sheet.write_string(line, 0, result.check_name, looks.text)
        sheet.write_string(line, 1, rule.title.zh, looks.text)
        sheet.write_string(line, 2, _STATUS[result.status], looks.text)
        sheet.write_number(line, 3, result.total or 0, looks.count)
        sheet.write_number(line, 4, result.unexpected or 0, looks.count)
        sheet.write_string(line, 5, rule.todo.zh if result.status in ("warn", "fail", "error") else "", looks.text)
    sheet.freeze_panes(top + 1, 1)


def _failed_sheet(
    book: Any, looks: _Looks, lines: Sequence[str], comparisons: pl.DataFrame, names: Mapping[str, str]
) -> None:
    """Every comparison that does not hold: the cell by its name in the workbook and in words, both sides."""
    failed = comparisons.filter(~pl.col("holds"))
    sheet = book.add_worksheet("不符明细")
    counted = f"共 {failed.height} 处，全部地区和季度；最多列 {_LISTED} 处"
    top = _top(sheet, looks, "不符的单元格", [*lines, counted])
    heads = {
        "规则": 12, "单元格": 34, "报表": 10, "行": 28, "列": 20, "地区": 16, "年份": 8, "至季度": 8, "本格": 16, "应": 8,
        "对方": 16, "对方是": 34,
    }  # fmt: skip
    for place, (head, width) in enumerate(heads.items()):
        sheet.write_string(top, place, head, looks.head)
        sheet.set_column(place, place, width)
    rows = {(form.key, row.key): row.name.zh for form in load_forms()[0] for row in form.rows}
    columns = {(form.key, column.key): column.name.zh for form in load_forms()[0] for column in form.columns}
    for line, one in enumerate(failed.head(_LISTED).iter_rows(named=True), top + 1):
        form, row, column = one["form"], one["row"], one["column"]
        told = (
            one["rule"], cell_name(form, row, column), form, rows[form, row], columns[form, column],
            names.get(one["region_code"], one["region_code"]),
        )  # fmt: skip
        for place, text in enumerate(told):
            sheet.write_string(line, place, text, looks.text)
        sheet.write_number(line, 6, one["year"], looks.plain)
        sheet.write_number(line, 7, one["quarter"], looks.plain)
        for place, side in ((8, one["left_side"]), (10, one["right_side"])):
            if side is not None:
                sheet.write_number(line, place, side / 100, looks.money)
        # As text: a sign of equality would be taken for the beginning of a formula.
        sheet.write_string(line, 9, one["sign"], looks.text)
        sheet.write_string(line, 11, one["against"], looks.text)
    sheet.freeze_panes(top + 1, 2)
    sheet.autofilter(top, 0, top + max(failed.height, 1), len(heads) - 1)
