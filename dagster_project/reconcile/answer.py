"""The answer to a bureau's figures as tables: what differs and why, and everything that was looked at.

Belongs here: headers, words of the verdicts, the example of a workbook. Does not belong here: comparing (`matching.py`, `reasons.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from dagster_project.dictionary.indicators import load_indicators
from dagster_project.language import Text
from dagster_project.reconcile import matching
from dagster_project.reconcile.matching import Matched
from dagster_project.reconcile.reading import Unread
from dagster_project.reconcile.reasons import Reason
from dagster_project.sheets import Column, Sheet

VERDICTS = {
    matching.AGREES: Text("相符", "agrees"),
    matching.LAST_DIGIT: Text("差末位", "last digit"),
    matching.DIFFERS: Text("不符", "differs"),
    matching.NO_VALUE: Text("本库无此数", "we have no such figure"),
    matching.WRONG_UNIT: Text("单位不符", "unit of another kind"),
    matching.NO_REGION: Text("地区不识", "unknown region"),
    matching.UNKNOWN: Text("指标不识", "unknown indicator"),
}
_EXAMPLES = ("insured_total", "coverage_rate", "employee_fund_income", "resident_hospitalisation_rate")


def summary(found: Sequence[Matched], unread: Sequence[Unread]) -> Text:
    """One line: how many figures there are of each verdict."""
    counts = Counter(one.verdict for one in found)
    parts = [(VERDICTS[verdict], counts[verdict]) for verdict in VERDICTS if counts[verdict]]
    parts += [(Text("单元格读不出数", "cells that are no number"), len(unread))] if unread else []
    return Text(
        f"核对 {len(found)} 个数：" + "，".join(f"{name.zh} {count}" for name, count in parts),
        f"{len(found)} figures: " + ", ".join(f"{name.en} {count}" for name, count in parts),
    )


def answer_sheets(
    found: Sequence[Matched],
    reasons: Mapping[Matched, Reason],
    unread: Sequence[Unread],
    regions: Mapping[str, str],
) -> list[Sheet]:
    """What does not agree, with reasons; what could not be compared; every figure."""
    apart = [one for one in found if one.verdict in (matching.DIFFERS, matching.LAST_DIGIT)]
    left = [one for one in found if one.ours is None]
    return [
        _compared(Text("不符的数", "What differs"), apart, reasons, regions),
        _left_out(left, unread),
        _compared(Text("全部核对", "All figures"), found, reasons, regions),
    ]


def _compared(
    title: Text, found: Sequence[Matched], reasons: Mapping[Matched, Reason], regions: Mapping[str, str]
) -> Sheet:
    columns = (
        Column(Text("位置", "Cell")), Column(Text("指标", "Indicator")), Column(Text("指标代码", "Id")),
        Column(Text("地区", "Region")), Column(Text("年份", "Year")), Column(Text("公布数", "Stated")),
        Column(Text("本库数", "Ours")), Column(Text("差", "Difference")), Column(Text("单位", "Unit")),
        Column(Text("结论", "Verdict")), Column(Text("可能的原因", "What would explain it")),
    )  # fmt: skip
    rows = []
    for one in found:
        stated, indicator, reason = one.stated, one.indicator, reasons.get(one)
        decimals = max(stated.decimals, indicator.display_decimals if indicator else 0)
        ours = "" if one.ours is None else f"{matching.rounded(one.ours, decimals):,f}"
        apart = "" if one.difference is None else f"{matching.rounded(one.difference, decimals):+,f}"
        rows.append(
            (
                stated.place, Text(indicator.name_zh, indicator.name_en) if indicator else stated.name,
                indicator.indicator_id if indicator else "", regions.get(one.region_code, stated.region), str(stated.year),
                f"{stated.value:,f}", ours, apart, stated.unit or (indicator.unit if indicator else ""),
                VERDICTS[one.verdict], reason.text if reason else "",
            )
        )  # fmt: skip
    return Sheet(title, columns, tuple(rows))


def _left_out(found: Sequence[Matched], unread: Sequence[Unread]) -> Sheet:
    hints = {
        matching.UNKNOWN: Text("名称相近的指标", "indicators of a name like it"),
        matching.NO_REGION: Text("不认识的地区", "region"),
        matching.WRONG_UNIT: Text("写的单位 / 指标的单位", "unit written / unit of the indicator"),
    }
    rows: list[tuple[object, ...]] = []
    for one in found:
        hint = hints.get(one.verdict)
        told = Text(f"{hint.zh}：{one.note}", f"{hint.en}: {one.note}") if hint and one.note else ""
        rows.append((one.stated.place, one.stated.name, str(one.stated.year), VERDICTS[one.verdict], told))
    rows += [(one.place, one.text, "", Text("读不出数", "not a number"), "") for one in unread]
    columns = (
        Column(Text("位置", "Cell")), Column(Text("写的名称", "As written")), Column(Text("年份", "Year")),
        Column(Text("结论", "Verdict")), Column(Text("提示", "Hint")),
    )  # fmt: skip
    return Sheet(Text("没有比较的", "Not compared"), columns, tuple(rows))


def template(years: Sequence[int]) -> Sheet:
    """An example of the workbook that is read: indicators by row, years by column, two with values to show the form."""
    indicators = load_indicators()
    shown = [indicators[name] for name in _EXAMPLES]
    values = (Decimal("4114.40"), Decimal("95"), None, None)
    return Sheet(
        Text("公布数", "Stated figures"),
        (
            Column(Text("指标", "indicator")), Column(Text("地区", "region")), Column(Text("单位", "unit")),
            *(Column(Text(f"{year}年", str(year))) for year in years),
        ),
        tuple(
            (Text(one.name_zh, one.indicator_id), "", one.unit, *("" if value is None else str(value) for _ in years))
            for one, value in zip(shown, values, strict=True)
        ),
        Text(
            "指标写名称或代码；地区不写是全省，也可写市州名称或代码；数照公布的位数写。例中的数请改掉。",
            "Indicators by name or id; no region is the province; figures with the digits as published. Replace the examples.",
        ),
    )  # fmt: skip
