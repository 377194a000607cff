"""The quarantine as a workbook: one sheet an extract, the cell that broke marked, and the same workbook read back.

Belongs here: its form. Does not belong here: which rows (`quarantine.py`), what becomes of corrected ones (`corrections.py`).

Every cell is written as text, so that nothing that was delivered becomes a formula. The first columns name row and rules; they
are no columns of a contract, and intake leaves them out should somebody land the sheet as it is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

from dagster_project.contracts import Contract, load_contracts
from dagster_project.desk.quarantine import HeldRow
from dagster_project.durable import durable_step
from dagster_project.errors import UserError
from dagster_project.ingest.values import without_noise
from dagster_project.language import Text

REFERENCE, RULES, SOURCE = "隔离编号 held", "原因 rules", "来源文件 file"
_LEADING = (REFERENCE, RULES, SOURCE)
_LONGEST = 32_000  # letters that a cell of a workbook takes
MOST_ROWS = 200_000


def write_book(path: Path, rows: Sequence[HeldRow], originals: Mapping[str, Mapping[str, str]]) -> None:
    """Write the rows; `originals` are cells as delivered by reference, for those rows that are shown unmasked."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    by_extract: dict[str, list[HeldRow]] = {}
    for row in rows:
        by_extract.setdefault(row.extract, []).append(row)
    with xlsxwriter.Workbook(str(part), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        styles = {
            "head": book.add_format({"bold": True, "bg_color": "#E7EDF3", "num_format": "@"}),
            "plain": book.add_format({"num_format": "@"}),
            "broken": book.add_format({"num_format": "@", "bg_color": "#FFD7D2", "border": 1}),
        }
        for extract in by_extract:
            _sheet(book, styles, load_contracts()[extract], by_extract[extract], originals)
        if not by_extract:
            book.add_worksheet("-").write_string(0, 0, str(Text("隔离区是空的", "nothing is in quarantine")))
    with durable_step("desk.write_book"):
        part.replace(path)


def _sheet(
    book: Any,
    styles: Mapping[str, Any],
    contract: Contract,
    rows: Sequence[HeldRow],
    originals: Mapping[str, Mapping[str, str]],
) -> None:
    sheet = book.add_worksheet(contract.name)
    sheet.freeze_panes(1, 1)
    used = {name for row in rows for name in row.cells} | {
        name for row in rows for _, places in row.reasons for name in places.split(", ")
    }
    columns = [column for column in contract.columns if column.name in used]
    place = {column.name: number for number, column in enumerate(columns, len(_LEADING))}
    for number, head in enumerate((*_LEADING, *(column.name for column in columns))):
        sheet.write_string(0, number, head, styles["head"])
    for column in columns:
        sheet.write_comment(0, place[column.name], column.name_zh)
    for line, row in enumerate(rows, 1):
        texts = {rule: contract.rule_text(rule) for rule, _ in row.reasons}
        told = "；".join(f"{rule}（{places}：{texts[rule].zh}）" for rule, places in row.reasons)
        for number, cell in enumerate((row.reference, told, row.source_file)):
            sheet.write_string(line, number, cell[:_LONGEST], styles["plain"])
        broken: dict[int, list[str]] = {}
        for rule, places in row.reasons:
            for name in places.split(", "):
                # A row of the wrong shape has no cells; its mark stands where its number is.
                broken.setdefault(place.get(name, 0), []).append(f"{rule}: {texts[rule]}")
        cells = {**row.cells, **originals.get(row.reference, {})}
        for column in columns:
            number = place[column.name]
            style = styles["broken" if number in broken else "plain"]
            cell = cells.get(column.name, "")
            if cell:
                sheet.write_string(line, number, cell[:_LONGEST], style)
            elif number in broken:
                sheet.write_blank(line, number, None, style)
        for number, why in broken.items():
            sheet.write_comment(line, number, "\n".join(why)[:_LONGEST])
        if 0 in broken:
            sheet.write_string(line, 0, row.reference, styles["broken"])


def read_book(path: Path) -> dict[str, dict[str, str]]:
    """Cells by column of each named row, by its reference; sheets and lines that name no row are passed over.

    Raises UserError (exit 2) when the file is no workbook, or none that `write_book` made.
    """
    found: dict[str, dict[str, str]] = {}
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = [name for name in book.sheet_names if name in load_contracts()]
        for name in sheets:
            lines = iter(book.get_sheet_by_name(name).to_python(skip_empty_area=False))
            head = [_text(cell) for cell in next(lines, [])]
            if REFERENCE not in head:
                continue
            at = head.index(REFERENCE)
            scales = {
                column.name: column.scale for column in load_contracts()[name].columns if column.type == "decimal"
            }
            for line in lines:
                # An amount that was worked out in the workbook is read as in any other (L81).
                plain = [
                    without_noise(cell, scales[key]) if key in scales and isinstance(cell, float) else cell
                    for key, cell in zip(head, line, strict=False)
                ]
                cells = dict(zip(head, (_text(cell) for cell in plain), strict=False))
                if len(line) > at and cells[REFERENCE]:
                    found[cells[REFERENCE]] = {key: cell for key, cell in cells.items() if key not in _LEADING}
    except (CalamineError, OSError, ValueError) as error:
        raise _not_ours(path) from error
    if not found:
        raise _not_ours(path)
    return found


def _not_ours(path: Path) -> UserError:
    return UserError(
        Text("这不是隔离区导出的工作簿。", "This is no workbook that the quarantine was exported to."),
        where=str(path),
        todo=Text(
            f"用 bulletin quarantine --export 导出，改好后原样交回；“{REFERENCE}”一列不能动。完整的更正文件请放入 landing。",
            f"Export one with bulletin quarantine --export, correct the cells and keep the column “{REFERENCE}”; a whole corrected "
            "file goes into the landing folder.",
        ),
    )


def _text(cell: Any) -> str:
    """A cell as text: whole numbers without decimals, dates in ISO form."""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds").removesuffix(" 00:00:00")
    return cell.isoformat() if isinstance(cell, date) else str(cell).strip()
