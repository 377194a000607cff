"""The difference of two vintages in words, Chinese or English.

Belongs here: wording and layout of plain text. Does not belong here: comparing (`vintages.py`).
"""

from __future__ import annotations

from typing import Any

from dagster_project.dictionary import load_indicators
from dagster_project.explain.render import STATUS
from dagster_project.explain.vintages import Difference, Vintage
from dagster_project.language import Text

SHOWN = 60
_LABELS = ("scheme", "member_status", "hospital_tier", "visit_type", "travel_class", "other_member")


def render(difference: Difference, language: str = "zh") -> str:
    """Which two vintages were compared, and the changed numbers as lines of text."""
    changed = difference.changes.height
    lines = [
        Text(f"{difference.year} 年，比较两个版次：", f"{difference.year}, two vintages compared:"),
        Text(f"  旧：{_told(difference.old).zh}", f"  old: {_told(difference.old).en}"),
        Text(f"  新：{_told(difference.new).zh}", f"  new: {_told(difference.new).en}"),
        Text(
            f"比较 {difference.compared:,} 个数，{changed:,} 个不同。",
            f"{difference.compared:,} numbers compared, {changed:,} differ.",
        ),
    ]
    told = [line.in_language(language) for line in lines]
    told += [_line(row, difference, language) for row in difference.changes.head(SHOWN).iter_rows(named=True)]
    if changed > SHOWN:
        told.append(Text(f"  ……另有 {changed - SHOWN:,} 个", f"  … and {changed - SHOWN:,} more").in_language(language))
    return "\n".join(told)


def _told(vintage: Vintage) -> Text:
    kind = (
        Text("已定稿", "frozen")
        if vintage.frozen
        else Text("草稿，即仓库现有的数", "the draft, what the warehouse holds now")
    )
    if not vintage.recorded:
        return Text(f"{vintage.name}（{kind.zh}）", f"{vintage.name} ({kind.en})")
    return Text(f"{vintage.name}（{kind.zh}，{vintage.recorded}）", f"{vintage.name} ({kind.en}, {vintage.recorded})")


def _line(row: dict[str, Any], difference: Difference, language: str) -> str:
    indicator = load_indicators().get(row["indicator_id"])
    name = (indicator.name_zh if language == "zh" else indicator.name_en) if indicator else ""
    unit = indicator.unit if indicator else ""
    when = f"{row['year']}" + (f"-{row['month'] % 100:02d}" if row["month"] else "")
    if row["period_kind"] == "year_to_date":
        when += " 累计" if language == "zh" else " to date"
    place = f"{row['region_code']} {difference.region_names.get(row['region_code'], '')}".strip()
    scope = [f"{label}={row[label]}" for label in _LABELS if row[label] not in (None, "total")]
    where = " · ".join(part for part in (name, row["indicator_id"], when, place, *scope) if part)
    return f"  {where}: {_shown(row, '', language)} -> {_shown(row, '_new', language)} {unit}".rstrip()


def _shown(row: dict[str, Any], suffix: str, language: str) -> str:
    value, status = row[f"value{suffix}"], row[f"status{suffix}"]
    if isinstance(value, float):
        return f"{value:,.8g}"
    if status is None:
        return Text("没有", "none").in_language(language)
    return STATUS[status].in_language(language) if status in STATUS else str(status)
