"""The difference of two vintages as a file: CSV, or a workbook that says first how to read it; with the parts by cause where asked.

Belongs here: the form of the file. Does not belong here: comparing (`vintages.py`), the parts (`waterfall.py`), the terminal.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import xlsxwriter

from dagster_project.dictionary import load_indicators
from dagster_project.explain.cause_lines import CAUSE_NAMES, CHANGE, ORDER, note
from dagster_project.explain.choice_book import HEADS, write_figures
from dagster_project.explain.vintages import KEY, Difference
from dagster_project.explain.waterfall import CAUSES, MEASURES, Waterfall
from dagster_project.language import Text

SUFFIXES = (".csv", ".xlsx")
_MEASURES = {
    "value": Text("值", "value"),
    "numerator": Text("分子", "numerator"),
    "denominator": Text("分母", "denominator"),
}


def write(difference: Difference, waterfall: Waterfall | None, path: Path, suffix: str) -> None:
    """Every changed number; columns by cause are exact decimals in CSV. CSV keeps the names that scripts know, the workbook has words."""
    parts = _parts(waterfall)
    if suffix.lower() == ".csv":
        difference.changes.hstack(parts.get_columns()).write_csv(path)
        return
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        styles = {
            "head": book.add_format({"bold": True, "bg_color": "#E7EDF3", "text_wrap": True}),
            "number": book.add_format({"num_format": "#,##0.00####"}),
        }
        sheet = book.add_worksheet("说明 notes")
        for line, text in enumerate(_notes(difference, waterfall)):
            sheet.write_string(line, 0, str(text))
        write_figures(book.add_worksheet("变动 changes"), styles, _named(difference, parts))


def _notes(difference: Difference, waterfall: Waterfall | None) -> list[Text]:
    told = [
        Text(f"{difference.year} 年", str(difference.year)),
        Text(f"旧：{difference.old.name}", f"old: {difference.old.name}"),
        Text(f"新：{difference.new.name}", f"new: {difference.new.name}"),
    ]
    if waterfall is not None and waterfall.reason is None:
        told.append(ORDER)
    elif waterfall is not None and waterfall.reason is not None:
        told.append(Text(f"不能按原因拆分：{waterfall.reason.zh}", f"Cannot split by cause: {waterfall.reason.en}"))
    return told


def _parts(waterfall: Waterfall | None) -> pl.DataFrame:
    """`<measure>_change` and `<measure>_<cause>` as texts of exact decimals, and `causes_note`; no column without parts."""
    if waterfall is None or waterfall.reason is not None:
        return pl.DataFrame()
    names = [f"{measure}_{name}" for measure in MEASURES for name in ("change", *CAUSES.values())]
    columns = {name: [None if row[name] is None else f"{row[name]:f}" for row in waterfall.rows] for name in names}
    notes = [
        " ".join(note(row, waterfall.steps, language) for language in ("zh", "en")).strip() for row in waterfall.rows
    ]
    return pl.DataFrame(columns | {"causes_note": notes}, schema=dict.fromkeys([*names, "causes_note"], pl.String))


def _named(difference: Difference, parts: pl.DataFrame) -> pl.DataFrame:
    """The changes under heads in words, with names of indicators and places; parts as numbers."""
    names = {name: str(Text(one.name_zh, one.name_en)) for name, one in load_indicators().items()}
    units = {name: one.unit for name, one in load_indicators().items()}
    told = difference.changes.with_columns(
        name=pl.col("indicator_id").replace_strict(names, default="", return_dtype=pl.String),
        region_name=pl.col("region_code").replace_strict(difference.region_names, default="", return_dtype=pl.String),
        unit=pl.col("indicator_id").replace_strict(units, default="", return_dtype=pl.String),
    )
    keys = ["indicator_id", "name", "region_name", *KEY[1:], "unit"]
    heads = {name: HEADS[name] for name in keys}
    sides = {"": ("旧", "old"), "_new": ("新", "new")}
    for measure in (*_MEASURES, "status"):
        word = _MEASURES.get(measure, Text("状态", "status"))
        heads |= {f"{measure}{end}": f"{word.zh}{zh} {word.en} {en}" for end, (zh, en) in sides.items()}
    for column in parts.columns:
        measure, _, cause = column.partition("_")
        if measure in _MEASURES:
            word, name = _MEASURES[measure], CAUSE_NAMES.get(cause, CHANGE)
            heads[column] = f"{word.zh}：{name.zh} {word.en}: {name.en}"
    if parts.columns:
        heads["causes_note"] = "说明 note"
        told = told.hstack(parts.with_columns(pl.exclude("causes_note").cast(pl.Float64)))
    return told.select(pl.col(name).alias(head) for name, head in heads.items())
