"""The request sheet for the data centre: what to deliver, in which columns and form; generated from the contracts.

Belongs here: the workbook and the SQL text. Does not belong here: anything that is not in a contract or a ruling.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import xlsxwriter

from dagster_project.china_time import today
from dagster_project.contracts.load import load_contracts
from dagster_project.contracts.model import Column, Contract
from dagster_project.durable import durable_step
from dagster_project.language import Text
from dagster_project.settings import now

WORKBOOK, SQL_TEXT = "data_request.xlsx", "data_request.sql"
SETTLEMENTS, ENCOUNTER = "setl_d", "mdtrt_id"
LANDED = {
    "as_is": Text("原值", "as delivered"),
    "pseudonym": Text("入库前加密为假名", "becomes a pseudonym on intake"),
    "month": Text("只留年月", "year and month only"),
    "drop": Text("不入库，可不提供", "never stored; need not be delivered"),
}
FORMAT = (
    Text(
        "文件名：表名或“表名_任意”，如 setl_d_202401.parquet",
        "File name: table name, or it and '_', as setl_d_202401.parquet",
    ),
    Text(
        "格式：Parquet 优先；或 CSV / TSV（首行列名）、xlsx；可压缩 gz、zip",
        "Format: Parquet first; or CSV / TSV with a header, xlsx; gz or zip allowed",
    ),
    Text(
        "编码：UTF-8（GB18030 也可）；金额为元，两位小数，无千分位",
        "Encoding: UTF-8 (GB18030 allowed); money in yuan, two decimals, no separators",
    ),
    Text(
        "日期 YYYY-MM-DD，时间 YYYY-MM-DD HH:MM:SS，北京时间；空值留空",
        "Dates YYYY-MM-DD, times YYYY-MM-DD HH:MM:SS, China time; empty for no value",
    ),
    Text("代码为文本，保留前导零", "Codes are text and keep their leading zeros"),
    Text("不要提供姓名、电话、住址、银行账号", "Do not deliver names, telephones, addresses, bank accounts"),
    Text("退费：正负两行都要；已作废行（vali_flag 0）也要", "Reversals: both rows; invalid rows (vali_flag 0) too"),
    Text(
        "近 3 个月按更新时间重抽，跨年零星报销随到随交",
        "Extract the last 3 months anew by update time; late manual claims as they come",
    ),
)
MANIFEST = (
    '{"batch": "202401", "extracted_at": "2024-02-05T08:00:00", "delivery": "increment",\n'
    ' "files": [{"file": "setl_d_202401.parquet", "rows": 1000, "sha256": "…", "sums": {"medfee_sumamt": "123456.78"}}]}'
)


def write_request_sheet(directory: Path | str, years: Sequence[int] = ()) -> list[Path]:
    """Write the workbook and the SQL text for the given years (else the last three full ones); returns their paths."""
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    book, text = folder / WORKBOOK, folder / SQL_TEXT
    wanted = sorted(set(years)) or list(range(today().year - 3, today().year))
    part = folder / f".{WORKBOOK}"
    _workbook(part, wanted)
    with durable_step("request.rename_workbook"):
        part.replace(book)
    part = folder / f".{SQL_TEXT}"
    part.write_text(_sql(wanted), encoding="utf-8")
    with durable_step("request.rename_sql"):
        part.replace(text)
    return [book, text]


def _period(contract: Contract, years: Sequence[int]) -> Text:
    first, last = years[0], years[-1]
    if _follows_settlements(contract):
        return Text(
            f"{contract.month_by} 属 {first}–{last} 年，另加此间结算的全部就诊",
            f"{contract.month_by} in {first}–{last}, and all of encounters settled then",
        )
    if contract.month_by:
        return Text(f"{contract.month_by} 属 {first}–{last} 年", f"{contract.month_by} in {first}–{last}")
    if contract.delivery == "full":
        return Text("全量，每年末及抽取时各一次", "full, at each year's end and at extraction")
    return Text(f"{first - 1}–{last} 年", f"{first - 1}–{last}")


def _type(column: Column) -> str:
    if column.type == "varchar":
        return f"varchar({column.length})"
    return f"decimal({column.precision},{column.scale})" if column.type == "decimal" else column.type


def _workbook(path: Path, years: Sequence[int]) -> None:
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": now()})  # the one clock: the same sheet is the same file
    head = book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1, "text_wrap": True, "valign": "top"})
    cell = book.add_format({"border": 1, "text_wrap": True, "valign": "top"})

    def sheet(name: str, widths: Sequence[int], header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        page = book.add_worksheet(name)
        page.freeze_panes(1, 0)
        for place, width in enumerate(widths):
            page.set_column(place, place, width)
        page.write_row(0, 0, header, head)
        for line, row in enumerate(rows, 1):
            page.write_row(line, 0, [str(value) for value in row], cell)

    contracts = load_contracts().values()
    sheet(
        "表清单 tables",
        (24, 20, 30, 30, 12, 30, 34, 10),
        ("表 table", "名称", "name", "期间 period", "方式 delivery", "提供方 owner", "影响 feeds", "自定 designed"),
        [
            (
                c.name,
                c.name_zh,
                c.name_en,
                _period(c, years),
                c.delivery,
                c.owner,
                c.hurts,
                "是 yes" if c.designed else "",
            )
            for c in contracts
        ],
    )
    sheet(
        "列清单 columns",
        (22, 22, 24, 40, 14, 10, 8, 18, 30, 26),
        ("表 table", "列 column", "名称", "meaning", "类型 type", "必填 required", "主键 key", "代码集 codes", "入库 landed", "别名 aliases"),
        [
            (
                c.name, column.name, column.name_zh, column.name_en, _type(column), "是 yes" if column.required else "",
                "是 yes" if column.key else "", column.code_set or "", LANDED[column.landed], ", ".join(column.aliases),
            )
            for c in contracts
            for column in c.columns
        ],
    )  # fmt: skip
    sheet(
        "校验 checks",
        (22, 16, 12, 60, 60, 40),
        ("表 table", "规则 rule", "级别 severity", "要求", "requirement", "影响 hurts"),
        [
            (c.name, rule.id, rule.severity, rule.text.zh, rule.text.en, rule.hurts)
            for c in contracts
            for rule in c.rules
        ],
    )
    sheet("格式 format", (60, 80), ("要求", "requirement"), [(text.zh, text.en) for text in FORMAT])
    sheet("清单 manifest", (100,), ("manifest.json（每批一个 · one a batch）",), [(MANIFEST,)])
    book.close()


def _sql(years: Sequence[int]) -> str:
    lines = [
        f"-- 数据需求 data request, {years[0]}–{years[-1]}. 由契约生成 generated from the contracts.",
        *(f"-- {text.zh} / {text.en}" for text in FORMAT),
        "",
    ]
    for contract in load_contracts().values():
        columns = [column.name for column in contract.columns if column.landed != "drop"]
        lines.append(f"-- {contract.name_zh} / {contract.name_en}: {_period(contract, years)}; {contract.delivery}")
        lines.append(f"select\n    {', '.join(columns)}\nfrom {contract.name}{_where(contract, years)};")
        lines.append("")
    return "\n".join(lines)


def _where(contract: Contract, years: Sequence[int]) -> str:
    if not contract.month_by:
        return ""
    where = f"\nwhere {_within(contract.month_by, years)}"
    if _follows_settlements(contract):
        settled = _within(load_contracts()[SETTLEMENTS].month_by, years)
        where += f"\n    or {ENCOUNTER} in (select {ENCOUNTER} from {SETTLEMENTS} where {settled})"
    return where


def _within(column: str, years: Sequence[int]) -> str:
    first, after = f"{years[0]}-01-01 00:00:00", f"{years[-1] + 1}-01-01 00:00:00"
    return f"{column} >= timestamp '{first}' and {column} < timestamp '{after}'"


def _follows_settlements(contract: Contract) -> bool:
    """Whether rows count with their settlement: a stay that begins in December may be settled in January."""
    has_encounter = any(column.name == ENCOUNTER for column in contract.columns)
    return bool(contract.month_by) and has_encounter and contract.name != SETTLEMENTS
