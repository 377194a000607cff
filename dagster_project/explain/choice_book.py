"""Two definitions compared, as a file: a workbook with the choices and the figures, or all figures as CSV.

Belongs here: the form of the file. Does not belong here: comparing (`choices.py`), the terminal (`choice_lines.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from dagster_project.dictionary import load_indicators
from dagster_project.errors import UserError
from dagster_project.explain.choices import Comparison
from dagster_project.language import Text

SUFFIXES = (".xlsx", ".csv")
HEADS = {
    "indicator_id": "指标代码 indicator", "name": "指标 name", "year": "年 year", "month": "月 month", "region_code": "区划 region",
    "region_name": "地区 place", "scheme": "险种 scheme", "member_status": "在职退休 status", "hospital_tier": "医院等级 tier",
    "visit_type": "就医类别 visit type", "travel_class": "就医地 travel class", "other_dimension": "其他分组 other dimension",
    "other_member": "分组成员 member", "period_kind": "期间 period", "unit": "单位 unit", "value": "甲 A", "value_new": "乙 B",
    "difference": "差 B − A", "moved_by": "由哪项口径 moved by", "waiting": "还会因明细口径而变 may move by facts",
    "numerator": "分子甲 numerator A", "numerator_new": "分子乙 numerator B", "denominator": "分母甲 denominator A",
    "denominator_new": "分母乙 denominator B", "status": "状态甲 status A", "status_new": "状态乙 status B",
}  # fmt: skip


def require_known_form(path: Path) -> None:
    """Raises UserError (exit 2) for a file name that is neither a workbook nor CSV."""
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(
            Text(f"不能写成这种文件：{path.name}", f"This kind of file cannot be written: {path.name}"),
            where="--to",
            todo=Text("文件名以 .xlsx 或 .csv 结尾。", "Give a name that ends in .xlsx or .csv."),
        )


def write(comparison: Comparison, path: Path, suffix: str) -> None:
    """Every figure under both definitions, changed or not; the workbook has the choices and the province's figures first."""
    figures = _named(comparison, comparison.figures)
    if suffix.lower() == ".csv":
        figures.write_csv(path, include_bom=True)
        return
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        styles = {
            "head": book.add_format({"bold": True, "bg_color": "#E7EDF3", "text_wrap": True}),
            "number": book.add_format({"num_format": "#,##0.00####"}),
        }
        _write_choices(book.add_worksheet("口径 choices"), styles, comparison)
        write_figures(book.add_worksheet("全省 province"), styles, _named(comparison, comparison.wholes()))
        write_figures(book.add_worksheet("有变化 changed"), styles, _named(comparison, comparison.changed))
        write_figures(book.add_worksheet("全部 all"), styles, figures)


def _named(comparison: Comparison, figures: pl.DataFrame) -> pl.DataFrame:
    indicators = load_indicators()
    names = {name: str(Text(one.name_zh, one.name_en)) for name, one in indicators.items()}
    waiting = {name: ", ".join(switches) for name, switches in comparison.waiting.items()}
    order = {name: place for place, name in enumerate(indicators)}

    def told(column: str, texts: dict[str, str]) -> pl.Expr:
        return pl.col(column).replace_strict(texts, default="", return_dtype=pl.String)

    shown = figures.with_columns(
        name=told("indicator_id", names),
        region_name=told("region_code", comparison.region_names),
        waiting=told("indicator_id", waiting),
        place=pl.col("indicator_id").replace_strict(order, default=len(order), return_dtype=pl.Int64),
    )
    whole = pl.col("breakdown") != "total"
    return shown.sort("place", whole, "breakdown", "region_code", *list(HEADS)[6:14]).select(
        pl.col(name).alias(head) for name, head in HEADS.items()
    )


def _write_choices(sheet: Any, styles: dict[str, Any], comparison: Comparison) -> None:
    heads = ["口径 choice", "含义 meaning", f"甲 A：{comparison.old}", f"乙 B：{comparison.new}", "说明 note"]
    told = Text("要重读明细，未计入", "needs the facts, not in these figures")
    sheet.write_row(0, 0, heads, styles["head"])
    rows = [(one, "") for one in comparison.choices] + [(one, str(told)) for one in comparison.of_facts]
    for line, (one, note) in enumerate(rows, 1):
        sheet.write_row(
            line, 0, [one.switch, str(one.label), f"{one.old} {one.old_text.zh}", f"{one.new} {one.new_text.zh}", note]
        )
    sheet.set_column(0, 4, 34)


def write_figures(sheet: Any, styles: dict[str, Any], figures: pl.DataFrame) -> None:
    """A frame as a sheet with a filter; `styles` has `head` and `number`."""
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, max(figures.height, 1), figures.width - 1)
    for place, name in enumerate(figures.columns):
        sheet.write_string(0, place, name, styles["head"])
        is_number = figures[name].dtype.is_numeric()
        for line, value in enumerate(figures[name].to_list(), 1):
            if value is None:
                continue
            if is_number and name not in (HEADS["year"], HEADS["month"]):
                sheet.write_number(line, place, float(value), styles["number"])
            elif is_number:
                sheet.write_number(line, place, value)
            else:
                sheet.write_string(line, place, str(value))
        sheet.set_column(place, place, 30 if name == HEADS["name"] else 14)
