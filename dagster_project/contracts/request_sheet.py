"""The request sheet for the data centre, generated from the contracts: a workbook and the text of the queries.

Belongs here: what to ask for and in which form. Does not belong here: reading what comes back (`ingest/`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dagster_project.contracts.load import load_contracts
from dagster_project.contracts.model import Column, Contract

NOTES = (
    ("文件名", "File names", "<表名>_<批次>.<扩展名>，如 setl_d_202501.csv.gz", "<table>_<batch>.<extension>, such as setl_d_202501.csv.gz"),
    ("格式", "Formats", "csv、txt（制表符）、parquet 或 xlsx；可用 gz、zip、zst 压缩", "csv, txt (tabs), parquet or xlsx; gz, zip, zst allowed"),
    ("编码", "Encoding", "UTF-8 或 GB18030，全文件一致", "UTF-8 or GB18030, one encoding a file"),
    ("表头", "Header", "第一行为平台列名、接口名或中文名", "First row: platform, interface or Chinese names"),
    ("数值", "Numbers", "金额单位为元，两位小数，不用千分位", "Amounts in yuan with two decimals, no thousands separators"),
    ("日期", "Dates", "yyyy-MM-dd 或 yyyy-MM-dd HH:mm:ss（北京时间）", "yyyy-MM-dd or yyyy-MM-dd HH:mm:ss, China time"),
    ("增量", "Increments", "增量表按更新时间取：上次提取之后新增或更改的行（含标志变更）", "Increment tables: every row added or changed since the last extract, changed flags included"),
    ("全量", "Full tables", "全量表每次交付全部行", "Full tables: all rows each time"),
    ("清单", "Manifest", "每批附 manifest.json：extracted_at，files 中每个文件的 rows、sha256、控制总额", "A manifest.json a batch: extracted_at and, by file, rows, sha256 and control totals"),
    ("标识", "Identifiers", "证件号码等在入库时即单向加密或丢弃，不落盘", "Identifiers are pseudonymised or dropped on intake and never stored"),
)  # fmt: skip
LANDED = {
    "as_is": ("原样", "as delivered"),
    "pseudonym": ("入库时单向加密", "pseudonymised on intake"),
    "month": ("仅保留年月", "cut to the month"),
    "drop": ("仅用于校验，不保存", "checked, not stored"),
}
COLUMN_HEADER = (
    "列名 column", "中文名 name", "说明 meaning", "类型 type", "主键 key", "必填 required", "代码集 code set",
    "别名 aliases", "入库 on intake",
)  # fmt: skip


def write_request_sheet(folder: Path) -> list[Path]:
    """Write request_sheet.xlsx and request_sheet.sql into a folder; returns the two paths."""
    folder.mkdir(parents=True, exist_ok=True)
    contracts = load_contracts()
    workbook_path, text_path = folder / "request_sheet.xlsx", folder / "request_sheet.sql"
    _write_workbook(workbook_path, contracts)
    text_path.write_text(request_sql(contracts), encoding="utf-8")
    return [workbook_path, text_path]


def request_sql(contracts: dict[str, Contract]) -> str:
    """One select a table with a Chinese and English heading; the period is a parameter of the query."""
    parts = [
        "-- 取数语句 / queries of the request sheet. 参数 parameters: :since, :until（增量窗口 window of the increment）"
    ]
    for contract in contracts.values():
        names = _commas(contract.columns)
        where = ""
        if contract.delivery == "increment" and contract.version_by != "delivery":
            where = f"\nwhere {contract.version_by} >= :since\n    and {contract.version_by} < :until"
        origin = "（本项目约定的表 / table agreed for this project）" if contract.designed else ""
        parts.append(
            f"-- {contract.name_zh} / {contract.name_en}{origin}\nselect\n{names}\nfrom {contract.name}{where};"
        )
    return "\n\n".join(parts) + "\n"


def _commas(columns: tuple[Column, ...]) -> str:
    last = len(columns) - 1
    return "\n".join(
        f"    {column.name}{'' if place == last else ','}  -- {column.name_zh}" for place, column in enumerate(columns)
    )


def _write_workbook(path: Path, contracts: dict[str, Contract]) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        wrap = book.add_format({"text_wrap": True, "valign": "top"})
        cover = book.add_worksheet("说明 notes")
        _table(
            cover, ("项目", "Item", "要求", "Requirement"), [list(note) for note in NOTES], bold, wrap, (10, 16, 56, 56)
        )
        listing = book.add_worksheet("清单 tables")
        rows = [
            [c.name, c.name_zh, c.name_en, c.owner.zh, "全量 full" if c.delivery == "full" else "增量 increment",
             ", ".join(c.key), "按月 by month" if c.month_by else "整批 one batch", c.hurts.zh,
             "是 yes" if c.designed else "否 no"]
            for c in contracts.values()
        ]  # fmt: skip
        _table(
            listing,
            ("表 table", "中文名", "name", "提供方 owner", "交付 delivery", "主键 key", "分割 split", "影响 used for",
             "本项目约定 ours"),
            rows, bold, wrap, (22, 18, 24, 26, 16, 34, 16, 34, 14),
        )  # fmt: skip
        for contract in contracts.values():
            sheet = book.add_worksheet(contract.name[:31])
            _table(sheet, COLUMN_HEADER, [_column_row(c) for c in contract.columns], bold, wrap,
                   (22, 24, 30, 16, 8, 8, 18, 26, 20))  # fmt: skip


def _column_row(column: Column) -> list[str]:
    kind = column.sql_type if column.type != "varchar" else f"varchar({column.length})" if column.length else "varchar"
    return [
        column.name, column.name_zh, column.name_en, kind, "●" if column.key else "", "●" if column.required else "",
        column.code_set or "", ", ".join(column.aliases), " ".join(LANDED[column.landed]),
    ]  # fmt: skip


def _table(
    sheet: Any, header: tuple[str, ...], rows: list[list[str]], bold: Any, wrap: Any, widths: tuple[int, ...]
) -> None:
    for place, width in enumerate(widths):
        sheet.set_column(place, place, width)
    sheet.write_row(0, 0, header, bold)
    for number, row in enumerate(rows, 1):
        sheet.write_row(number, 0, row, wrap)
    sheet.freeze_panes(1, 1)
