"""Figures that somebody else stated, read from a workbook: one a row, or one a row and year.

Belongs here: finding the header, numbers as people type them. Does not belong here: what the names mean (`matching.py`).

A sheet is read when one of its first rows has a column of indicators (指标, 指标名称, indicator …). Years stand in a column of
their own (年份, year) or are the headers of the columns of figures (2024, 2024年); unit and region columns are optional.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from dagster_project.errors import UserError
from dagster_project.language import Text

HEADS = {
    "name": ("指标", "指标名称", "指标代码", "项目", "indicator", "indicator_id"),
    "year": ("年份", "年度", "年", "year"),
    "region": ("地区", "区划", "统筹区", "地区代码", "region", "region_code"),
    "value": ("数值", "公布数", "值", "数", "value"),
    "unit": ("单位", "计量单位", "unit"),
}
_HEADER_WITHIN = 20  # rows in which a header is looked for: titles and notes stand above it
_YEAR = re.compile(r"(20\d\d)(?:\.0)?年?")
_WORDS = re.compile(r"^(超过|约|近|达|共|为|over|about)\s*|[\s,，]")
_NUMBER = re.compile(r"^([+-]?\d+(?:\.\d+)?)(.*)$")


@dataclass(frozen=True)
class Stated:
    """One figure as stated; `place` is sheet and cell, `decimals` those that were written, `unit` '' where none was."""

    place: str
    name: str
    region: str
    year: int
    value: Decimal
    decimals: int
    unit: str


@dataclass(frozen=True)
class Unread:
    """A cell that should be a figure and is none."""

    place: str
    text: str


def read_stated(path: Path, year: int | None = None) -> tuple[list[Stated], list[Unread]]:
    """All figures of a workbook; `year` is theirs where the sheets name none. Raises UserError (exit 2) where there is none."""
    sheets = list(sheets_of(path))
    found: list[Stated] = []
    unread: list[Unread] = []
    for title, rows in sheets:
        header = _header(rows)
        if header is not None:
            stated, left = _figures(title, rows, header, year)
            found += stated
            unread += left
    if not found:
        raise UserError(
            Text("没有读到任何公布数。", "No figure was found in it."),
            where=f"{path.name}：{'、'.join(title for title, _ in sheets)}",
            todo=Text(
                "表头要有“指标”一列，并有“年份”和“数值”两列，或以年份作列名（2024、2024年）；bulletin reconcile --template 样表.xlsx 写一份样表。",
                "The header needs a column 指标 and either 年份 and 数值 or years as headers (2024); `bulletin reconcile --template "
                "FILE.xlsx` writes an example.",
            ),
        )
    return found, unread


def sheets_of(path: Path) -> Iterator[tuple[str, list[list[Any]]]]:
    """Title and rows of every sheet. Raises UserError (exit 2) for a file that is no workbook."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(path)
        for name in book.sheet_names:
            yield name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except (CalamineError, OSError) as error:
        raise UserError(
            Text(f"读不了这个工作簿：{path.name}", f"This workbook cannot be read: {path.name}"),
            where=str(path),
            todo=Text("用 Excel 打开后另存为 .xlsx 再试。", "Open it in Excel, save it as .xlsx and try again."),
        ) from error


def folded_cell(cell: Any) -> str:
    """A header without blanks, brackets and full-width letters."""
    return re.sub(r"[\s（）()]", "", unicodedata.normalize("NFKC", str(cell))).lower()


def _header(rows: Sequence[Sequence[Any]]) -> tuple[int, dict[str, int], dict[int, int]] | None:
    """Row of the header, columns by what they are, years by column; None where a sheet has no such table."""
    for number, row in enumerate(rows[:_HEADER_WITHIN]):
        names = [folded_cell(cell) for cell in row]
        columns: dict[str, int] = {}
        for kind, known in HEADS.items():
            place = next((place for place, name in enumerate(names) if name in known), None)
            if place is not None:
                columns[kind] = place
        years = {place: int(match.group(1)) for place, name in enumerate(names) if (match := _YEAR.fullmatch(name))}
        if "name" in columns and (years or "value" in columns):
            return number, columns, years
    return None


def _figures(
    title: str,
    rows: Sequence[Sequence[Any]],
    header: tuple[int, dict[str, int], dict[int, int]],
    asked: int | None,
) -> tuple[list[Stated], list[Unread]]:
    start, columns, years = header
    found: list[Stated] = []
    unread: list[Unread] = []
    for number, row in enumerate(rows[start + 1 :], start + 2):

        def cell(kind: str, row: Sequence[Any] = row) -> str:
            place = columns.get(kind)
            value = "" if place is None or place >= len(row) else row[place]
            return str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()

        name = cell("name")
        if not name:
            continue
        places = years or {columns["value"]: _year_of(cell("year")) or asked or 0}
        for column, year in places.items():
            value = row[column] if column < len(row) else ""
            if value in ("", None) or str(value).strip() in ("", "-", "—", "…", "/"):
                continue
            place = f"{title}!{letter_of(column)}{number}"
            number_read = parse_number(value)
            if number_read is None or not year:
                unread.append(Unread(place, f"{name}：{value}"))
                continue
            amount, unit = number_read
            exponent = amount.as_tuple().exponent
            decimals = max(0, -exponent) if isinstance(exponent, int) else 0
            found.append(Stated(place, name, cell("region"), year, amount, decimals, cell("unit") or unit))
    return found, unread


def _year_of(text: str) -> int | None:
    match = _YEAR.fullmatch(folded_cell(text))
    return int(match.group(1)) if match else None


def parse_number(cell: Any) -> tuple[Decimal, str] | None:
    """A number as people write it with the unit behind it: 4,114.4万人, 超过95%; None for anything else."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        # A sheet keeps binary numbers: fifteen digits are what was typed.
        exact = Decimal(f"{cell:.15g}")
        return (exact.quantize(Decimal(1)) if exact == exact.to_integral() else exact), ""
    text = unicodedata.normalize("NFKC", str(cell)).strip()
    match = _NUMBER.match(_WORDS.sub("", text))
    if match is None:
        return None
    try:
        return Decimal(match.group(1)), match.group(2).strip()
    except InvalidOperation:
        return None


def letter_of(column: int) -> str:
    """The name of a column, counted from 0."""
    from xlsxwriter.utility import xl_col_to_name

    return str(xl_col_to_name(column))
