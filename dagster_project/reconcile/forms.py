"""A bureau's own forms against ours: cells of a workbook laid out as `bulletin forms` writes it, whoever filled it.

Belongs here: reading such cells, comparing them, which definitions would explain a difference. Does not belong here: our own cells
(`forms/filling.py`), computing them under other definitions (`indicator_trial.py`), figures that are no forms (`reading.py`).

A sheet is a form when its name is that of one; cells are found by the names of row and column, so a form that was typed anew is read
as well as ours. Region and months stand in the line below the title.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from dagster_project.errors import UserError
from dagster_project.forms.model import Form, load_forms
from dagster_project.forms.workbook import ROW_HEAD, column_head, read_heading
from dagster_project.language import Text
from dagster_project.reconcile.matching import rounded
from dagster_project.reconcile.reading import Unread, folded_cell, letter_of, parse_number, sheets_of
from dagster_project.sheets import Column, Sheet

_BLANK = ("", "-", "—", "…", "/")
_WITHIN = 20  # rows in which the header of a form is looked for
Where = tuple[str, str, str, int, int]  # form, row, column, year, quarter
Ours = Mapping[Where, tuple[Decimal | None, str]]  # value, or None and the reason why the cell is blank


@dataclass(frozen=True)
class StatedCell:
    """One cell as filled in: `value` in the unit of its column, with the decimals that were written."""

    place: str
    region: str
    where: Where
    value: Decimal
    decimals: int


@dataclass(frozen=True)
class ComparedCell:
    """A stated cell with ours, None where ours is blank for a reason."""

    stated: StatedCell
    ours: Decimal | None
    blank: str = ""
    reason: Text | None = None

    @property
    def agrees(self) -> bool:
        """Whether ours prints as stated."""
        return self.ours is not None and rounded(self.ours, self.stated.decimals) == self.stated.value

    @property
    def is_open(self) -> bool:
        """Whether it differs and nothing explains it yet."""
        return self.ours is not None and not self.agrees and self.reason is None


def read_form_cells(path: Path) -> tuple[list[StatedCell], list[Unread]]:
    """All filled cells of the sheets that are forms, and what in them could not be read; both empty where no sheet is one.

    Raises UserError (exit 2) for a file that is no workbook, or a form that does not say whose it is and of when.
    """
    forms = {form.key: form for form in load_forms()[0]}
    found: list[StatedCell] = []
    unread: list[Unread] = []
    for title, rows in sheets_of(path):
        if title.strip() in forms:
            cells, left = _cells(title, rows, forms[title.strip()], path)
            found += cells
            unread += left
    return found, unread


def _cells(title: str, rows: Sequence[Sequence[Any]], form: Form, path: Path) -> tuple[list[StatedCell], list[Unread]]:
    head = next((number for number, row in enumerate(rows[:_WITHIN]) if row and folded_cell(row[0]) == ROW_HEAD), None)
    told = [place for row in rows[: head or 0] for cell in row if (place := read_heading(f"{str(cell).strip()} "))]
    if head is None or not told:
        raise UserError(
            Text(f"报表 {title} 没有写明地区和期间，或没有表头。", f"Form {title} does not say whose it is and of when, or has no header."),
            where=f"{path.name} {title}",
            todo=Text(
                "表头第一格是“项目”，它上面有一行写“贵州省　2025 年1—9 月”；bulletin forms --to 报表.xlsx 写一份，照它填。",
                "The header begins with 项目, and a line above it reads like 贵州省　2025 年1—9 月; `bulletin forms --to FILE.xlsx` writes one.",
            ),
        )  # fmt: skip
    region, year, quarter = told[0]
    lines = {folded_cell(row.name.zh): row.key for row in form.rows}
    columns = {folded_cell(column_head(column)): column.key for column in form.columns}
    columns |= {folded_cell(column.name.zh): column.key for column in form.columns}
    places = {at: columns[name] for at, cell in enumerate(rows[head]) if (name := folded_cell(cell)) in columns}
    found: list[StatedCell] = []
    unread: list[Unread] = []
    for number, row in enumerate(rows[head + 1 :], head + 2):
        name = str(row[0]).strip() if row else ""
        filled = {at: row[at] for at in places if at < len(row) and str(row[at]).strip() not in _BLANK}
        if name and filled and folded_cell(name) not in lines:
            unread.append(Unread(f"{title}!A{number}", name))
            continue
        for at, cell in filled.items() if name else ():
            where = f"{title}!{letter_of(at)}{number}"
            read = parse_number(cell)
            if read is None or read[1]:
                unread.append(Unread(where, f"{name}：{cell}"))
                continue
            exponent = read[0].as_tuple().exponent
            decimals = max(0, -exponent) if isinstance(exponent, int) else 0
            key = (form.key, lines[folded_cell(name)], places[at], year, quarter)
            found.append(StatedCell(where, region, key, read[0], decimals))
    return found, unread


def cells_by_place(cells: pl.DataFrame, region: str) -> Ours:
    """Filled cells of a region (`Filled.cells`): value or the reason why it is blank."""
    rows = cells.filter(pl.col("region_code") == region).select(
        "form", "row", "column", "year", "quarter", "hundredths", "reason"
    )
    return {
        (form, row, column, int(year), int(quarter)): (None if value is None else Decimal(value) / 100, reason)
        for form, row, column, year, quarter, value, reason in rows.iter_rows()
    }


def compared_cells(stated: Iterable[StatedCell], ours: Callable[[StatedCell], Ours]) -> list[ComparedCell]:
    """Every stated cell with ours. Where all that differs in a form is what ours prints of one other period, that is the reason: a
    single cell may be so by chance."""
    found = [ComparedCell(one, *ours(one).get(one.where, (None, "not_computed"))) for one in stated]
    by_form: dict[tuple[str, str, int, int], list[StatedCell]] = defaultdict(list)
    for cell in found:
        if cell.is_open:
            by_form[_form_of(cell.stated)].append(cell.stated)
    reasons = {form: _of_another_period(cells, ours) for form, cells in by_form.items()}
    return [replace(cell, reason=reasons[_form_of(cell.stated)]) if cell.is_open else cell for cell in found]


def _form_of(one: StatedCell) -> tuple[str, str, int, int]:
    form, _, _, year, quarter = one.where
    return one.region, form, year, quarter


def _of_another_period(cells: Sequence[StatedCell], ours: Callable[[StatedCell], Ours]) -> Text | None:
    _, _, year, quarter = _form_of(cells[0])
    for of, until in [
        *((year, other) for other in (1, 2, 3, 4) if other != quarter),
        (year - 1, quarter),
        (year + 1, quarter),
    ]:
        values = [(one, ours(one).get((*one.where[:3], of, until), (None, ""))[0]) for one in cells]
        if all(value is not None and rounded(value, one.decimals) == one.value for one, value in values):
            return Text(f"是本库 {of} 年至第 {until} 季的数", f"it is our figure of {of} up to quarter {until}")
    return None


def explained(cells: Iterable[ComparedCell], others: Callable[[StatedCell], Ours], reason: Text) -> list[ComparedCell]:
    """The cells, with this reason where `others`, ours under other definitions, print what was stated and nothing explained it before."""
    found = []
    for cell in cells:
        value = others(cell.stated).get(cell.stated.where, (None, ""))[0] if cell.is_open else None
        fits = value is not None and rounded(value, cell.stated.decimals) == cell.stated.value
        found.append(replace(cell, reason=reason) if fits else cell)
    return found


def answer_of_forms(cells: Sequence[ComparedCell], unread: Sequence[Unread]) -> list[Sheet]:
    """What differs and what would explain it; what could not be compared; every cell."""
    apart = [cell for cell in cells if cell.ours is not None and not cell.agrees]
    apart.sort(key=lambda cell: cell.reason is not None)  # first what nothing explains
    blank = [cell for cell in cells if cell.ours is None]
    return [
        _sheet(Text("不符的单元格", "Cells that differ"), apart),
        _left_out(blank, unread),
        _sheet(Text("全部核对", "All cells"), cells),
    ]


def summary_of_forms(cells: Sequence[ComparedCell], unread: Sequence[Unread]) -> list[Text]:
    """How many cells there are of each kind, and how many differences each reason explains."""
    apart = [cell for cell in cells if cell.ours is not None and not cell.agrees]
    blank = sum(cell.ours is None for cell in cells)
    agree = len(cells) - len(apart) - blank
    reasons = Counter(cell.reason for cell in apart)
    lines = [
        Text(
            f"核对 {len(cells)} 格：相符 {agree}，不符 {len(apart)}，本库空白 {blank}，读不出 {len(unread)}",
            f"{len(cells)} cells: {agree} agree, {len(apart)} differ, {blank} blank here, {len(unread)} not read",
        )
    ]
    for reason, count in reasons.most_common():
        told = reason or Text("没有找到原因", "no reason found")
        lines.append(Text(f"  {count} 格：{told.zh}", f"  {count}: {told.en}"))
    return lines


def _words(where: Where) -> tuple[str, str, str]:
    form = next(one for one in load_forms()[0] if one.key == where[0])
    row = next(one.name.zh for one in form.rows if one.key == where[1])
    column = next(column_head(one) for one in form.columns if one.key == where[2])
    return f"{form.key} {form.title.zh}", row, re.sub(r"\s", "", column)


def _sheet(title: Text, cells: Sequence[ComparedCell]) -> Sheet:
    columns = (
        Column(Text("位置", "Cell")), Column(Text("报表", "Form")), Column(Text("行", "Row")), Column(Text("列", "Column")),
        Column(Text("地区", "Region")), Column(Text("期间", "Period")), Column(Text("报表数", "Stated"), "amount"),
        Column(Text("本库数", "Ours"), "amount"), Column(Text("差", "Difference"), "amount"),
        Column(Text("可能的原因", "What would explain it")),
    )  # fmt: skip
    rows = []
    for cell in cells:
        one = cell.stated
        ours = cell.ours
        period = f"{one.where[3]} 年至第 {one.where[4]} 季"
        rows.append(
            (
                one.place, *_words(one.where), one.region, period, one.value, ours, None if ours is None else one.value - ours,
                cell.reason or "",
            )
        )  # fmt: skip
    return Sheet(title, columns, tuple(rows))


def _left_out(blank: Sequence[ComparedCell], unread: Sequence[Unread]) -> Sheet:
    _, reasons = load_forms()
    rows: list[tuple[Any, ...]] = []
    for cell in blank:
        form, row, column = _words(cell.stated.where)
        rows.append((cell.stated.place, f"{form} {row} {column}", reasons.get(cell.blank, "")))
    rows += [
        (one.place, one.text, Text("不是本表的行，或读不出数", "no row of the form, or not a number")) for one in unread
    ]
    columns = (
        Column(Text("位置", "Cell")), Column(Text("单元格", "What it is")), Column(Text("本库为什么没有", "Why there is none")),
    )  # fmt: skip
    return Sheet(Text("没有比较的", "Not compared"), columns, tuple(rows))
