"""Sheets of the workbook beside the tables: the account of the dictionary, and who returned what.

Belongs here: their headers and rows as plain cells. Does not belong here: formats (`workbook`), figures in print (`tables`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from dagster_project.bulletin.reading import Sources
from dagster_project.dictionary.account import ALIAS, MISSING, NAMES, VALUED, group_of, take_account
from dagster_project.dictionary.indicators import load_indicators, returned_name
from dagster_project.language import Text

ACCOUNT_SHEET, RETURNS_SHEET = "指标总账", "部门填报"
MEASURE_KINDS = {
    "stock_end": Text("期末时点", "stock at the end"),
    "flow_year": Text("当年", "of the year"),
    "flow_cumulative": Text("累计", "cumulated"),
}

Cell = str | Decimal


@dataclass(frozen=True)
class Sheet:
    """A list for people: name, a line above, headers, widths in digits, rows of texts and of numbers as they are printed."""

    name: str
    lead: str
    headers: tuple[Text, ...]
    widths: tuple[int, ...]
    rows: Sequence[tuple[Cell, ...]]


def annex_sheets(sources: Sources) -> list[Sheet]:
    """The sheets that say where every indicator stands, and who answers for the figures that no row data give."""
    returns = _returns(sources)
    return [_account(sources), *([returns] if returns.rows else [])]


def _whole(sources: Sources) -> pl.DataFrame:
    """Annual figures of the province as a whole in the reporting year."""
    values = sources.values
    whole = values.filter((pl.col("year") == sources.year) & (pl.col("region_code") == sources.region))
    return whole.filter(pl.col("breakdown") == "total") if "breakdown" in whole.columns else whole


def _account(sources: Sources) -> Sheet:
    whole = _whole(sources)
    valued = set(whole.filter(pl.col("status") != "not_computable")["indicator_id"])
    reasons = dict(whole.select("indicator_id", "reason").iter_rows())
    rows = []
    for row in load_indicators().values():
        group = group_of(row, valued, sources.province)
        if group == VALUED:
            told = "部门填报" if row.kind == "reported" else ""
        elif group == ALIAS:
            told = f"= {row.alias_of} {load_indicators()[row.alias_of].name_zh}"
        elif group == MISSING:
            told = str(reasons.get(row.indicator_id) or "").split(" / ")[0]
        else:
            told = row.reason_zh or "其他地方发布的指标，不是本省的"
        rows.append((row.indicator_id, row.name_zh, row.section, row.unit, NAMES[group].zh, told))
    headers = (
        Text("指标编码", "Indicator"), Text("指标", "Name"), Text("章节", "Section"), Text("单位", "Unit"),
        Text("情况", "Where it stands"), Text("说明", "Told"),
    )  # fmt: skip
    lead = f"{sources.year} 年：{take_account(valued, sources.province).sentence().zh}"
    return Sheet(ACCOUNT_SHEET, lead, headers, (42, 38, 22, 10, 24, 70), rows)


def _returns(sources: Sources) -> Sheet:
    register = sources.register("core.fct_reported")
    ours = register.filter(pl.col("year") == sources.year).sort("indicator_id", "region_code", "period")
    rows = []
    for one in ours.iter_rows(named=True):
        kind = MEASURE_KINDS.get(one["measure_kind"])
        amount = f"{one['value']:f}"
        rows.append(
            (
                one["indicator_id"], returned_name(one["indicator_id"])[0],
                sources.region_names.get(one["region_code"], one["region_code"]), str(one["period"]),
                amount.rstrip("0").rstrip(".") if "." in amount else amount, one["unit"],
                kind.zh if kind else one["measure_kind"], one["department"], str(one["as_of_date"]),
            )
        )  # fmt: skip
    headers = (
        Text("项目编码", "Item"), Text("项目", "Name"), Text("地区", "Region"), Text("统计期", "Period"), Text("数值", "Figure"),
        Text("单位", "Unit"), Text("时点或时期", "Stock or flow"), Text("填报处室", "Department"), Text("填报日期", "Returned on"),
    )  # fmt: skip
    lead = f"{sources.year} 年各处室填报的数据（adm_return），同一项目取最近一次填报"
    return Sheet(RETURNS_SHEET, lead, headers, (42, 38, 18, 9, 16, 8, 12, 16, 13), rows)
