"""The difference of two vintages in words, Chinese or English.

Belongs here: wording and layout of plain text. Does not belong here: comparing (`vintages.py`).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from dagster_project.bulletin.compose import KINDS
from dagster_project.china_time import shown
from dagster_project.dictionary import load_indicators
from dagster_project.dictionary.indicators import Indicator
from dagster_project.explain.between import CAUSES, Between
from dagster_project.explain.cause_lines import CAUSE_NAMES, cause_lines
from dagster_project.explain.naming import place_name
from dagster_project.explain.period import when
from dagster_project.explain.quantity import together
from dagster_project.explain.render import STATUS
from dagster_project.explain.vintages import Difference, Vintage
from dagster_project.explain.waterfall import Waterfall
from dagster_project.language import Text
from dagster_project.serving.labels import named

SHOWN = 60
_LABELS = ("scheme", "member_status", "hospital_tier", "visit_type", "travel_class")


def render(
    difference: Difference, language: str = "zh", between: Between | None = None, waterfall: Waterfall | None = None
) -> str:
    """Which two vintages were compared, what came between them where that is known, and the changed numbers as lines of text, with
    their parts by cause where these were computed."""
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
    told += _between_lines(between, language, is_split=waterfall is not None) if between else []
    numbers = changed_lines(difference, language)
    if waterfall is not None:
        numbers = cause_lines(waterfall, numbers, difference.changes.head(SHOWN).to_dicts(), language)
    told += numbers
    if changed > SHOWN:
        more = Text(
            f"  ……另有 {changed - SHOWN:,} 个（--to 文件.csv 全列）",
            f"  … and {changed - SHOWN:,} more (--to FILE.csv lists all)",
        )
        told.append(more.in_language(language))
    return "\n".join(told)


def _between_lines(between: Between, language: str, is_split: bool) -> list[str]:
    """Rows by cause, in all and by extract, then the choices that differ. Rows are of all years: a number may rest on several."""
    whole = sum(between.rows.values(), Counter[str]())
    nothing = Text("两版之间没有入库或撤出文件。", "No file came or went between them.")
    lines = [
        Text(
            f"两版之间新入库 {between.came} 个文件、撤出 {between.went} 个（全部年份和地区的行数，裁定 L70）：{_by_cause(whole).zh}",
            f"Between them {between.came} files came and {between.went} went (rows of all years and places, L70): {_by_cause(whole).en}",
        )
    ]
    if not between.rows:
        lines = [nothing]
    for extract, rows in between.rows.items():
        lines.append(Text(f"  {extract}：{_by_cause(rows).zh}", f"  {extract}: {_by_cause(rows).en}"))
    for (switch, old, new), figures in sorted(between.choices.items()):
        lines.append(
            Text(
                f"口径变更：{switch} {old} → {new}，涉及下列数中的 {figures:,} 个",
                f"Definition changed: {switch} {old} → {new}, which concerns {figures:,} of the numbers below",
            )
        )
    if between.unnamed:
        lines.append(
            Text(
                f"另有 {between.unnamed:,} 个数的口径不同，两版的 release.json 没有记其取值",
                f"{between.unnamed:,} more numbers have another definition, whose choices the release.json of both do not hold",
            )
        )
    old, new = between.programs
    if old != new:
        lines.append(
            Text(
                f"其他：两版由不同的程序版本算出（{old or '未记'} → {new or '未记'}），数也可能因此而变",
                f"Other: two versions of the program computed them ({old or 'not recorded'} → {new or 'not recorded'}), which may change numbers, too",
            )
        )
    if between.rows and not is_split:
        lines.append(
            Text(
                "以上是来源行数；加 --causes 把每个数的变动按原因拆分（要重算，见帮助）。",
                "These are rows of the sources; --causes splits the change of each number by cause (computes anew, see its help).",
            )
        )
    return [line.in_language(language) for line in lines]


def _by_cause(rows: Counter[str]) -> Text:
    return Text(
        "，".join(f"{CAUSE_NAMES[cause].zh} {rows[cause]:,} 行" for cause in CAUSES),
        ", ".join(f"{CAUSE_NAMES[cause].en} {rows[cause]:,}" for cause in CAUSES),
    )


def changed_lines(difference: Difference, language: str = "zh", shown: int = SHOWN) -> list[str]:
    """The first changed numbers, a line each."""
    return [_line(row, difference, language) for row in difference.changes.head(shown).iter_rows(named=True)]


def _told(vintage: Vintage) -> Text:
    kind = KINDS.get(vintage.name.partition("_")[2], Text("", ""))
    state = Text(f"{kind.zh}，已定稿", f"{kind.en}, frozen") if vintage.frozen else _draft_told(vintage)
    parts_zh = "，".join(part for part in (state.zh, shown(vintage.recorded)) if part)
    parts_en = ", ".join(part for part in (state.en, shown(vintage.recorded)) if part)
    return Text(f"{vintage.name}（{parts_zh}）", f"{vintage.name} ({parts_en})")


def _draft_told(draft: Vintage) -> Text:
    """What a draft is the state of: of now, or of before something that is named."""
    zh, en = [], []
    if draft.later:
        load_id, source = draft.later[0]
        zh.append(f"之后又入库 {len(draft.later)} 个文件（自入库编号 {load_id} 的 {source} 起），草稿不含其内容")
        en.append(
            f"{len(draft.later)} files came after it, from load {load_id}, {source}, on, and it has nothing of them"
        )
    if draft.gone:
        zh.append(f"之后撤出 {len(draft.gone)} 个文件（{draft.gone[0][1]} 等），草稿里还有其内容")
        en.append(
            f"{len(draft.gone)} files were unloaded after it, {draft.gone[0][1]} among them, and it still holds them"
        )
    if draft.holds_other and not zh:
        zh.append("之后又重算过，仓库现有的数与它不同")
        en.append("the warehouse has been recomputed since and holds other numbers now")
    if not zh:
        return Text("草稿，即仓库现有的数", "the draft, what the warehouse holds now")
    zh.append("先运行 bulletin run 再比较，才是现状")
    en.append("run `bulletin run` and compare again for the present state")
    return Text(f"草稿，不是现状：{'；'.join(zh)}", f"the draft, not the present state: {'; '.join(en)}")


def _line(row: dict[str, Any], difference: Difference, language: str) -> str:
    """Name, place, period and part in words, both numbers in one unit; the ids stand behind for those who look further."""
    indicator = load_indicators().get(row["indicator_id"])
    name = Text(indicator.name_zh, indicator.name_en).in_language(language) if indicator else row["indicator_id"]
    place = place_name(row["region_code"], difference.region_names.get(row["region_code"], ""), language)
    period = when(row["year"], row["period_kind"], row["month"]).in_language(language)
    where = " · ".join(part for part in (name, place, period, *_parts(row, indicator, difference, language)) if part)
    return f"  {where}: {_numbers(row, indicator, language)}  [{row['indicator_id']} {row['region_code']}]"


def _parts(row: dict[str, Any], indicator: Indicator | None, difference: Difference, language: str) -> list[str]:
    """What of the breakdowns the number is of, without what the indicator's own name says."""
    own = {indicator.scheme_label, indicator.tier_label} if indicator else set()
    parts = [
        named(label, row[label], language)
        for label in _LABELS
        if row[label] not in (None, "total") and row[label] not in own
    ]
    dimension, member = row["other_dimension"], row["other_member"]
    if member not in (None, "total"):
        known = difference.region_names.get(member, "")
        parts.append(place_name(member, known, language) if known else named(dimension, member, language))
    return parts


def _numbers(row: dict[str, Any], indicator: Indicator | None, language: str) -> str:
    unit, decimals = (indicator.unit, indicator.display_decimals) if indicator else ("", 2)
    both = [row["value"], row["value_new"]]
    texts, printed = together(both, unit, decimals, language)
    old, new = (
        text if text is not None else _status(row[status], language)
        for text, status in zip(texts, ("status", "status_new"), strict=True)
    )
    told = f"{old} → {new} {printed if any(text is not None for text in texts) else ''}".rstrip()
    if texts[0] is not None and texts[0] == texts[1]:  # the quotient is the same, what it is made of is not
        for part, word in (("numerator", Text("分子", "numerator")), ("denominator", Text("分母", "denominator"))):
            before, after = row[part], row[f"{part}_new"]
            if before != after:
                told += f"; {word.in_language(language)} {_plain(before)} → {_plain(after)}"
    return told


def _plain(value: Any) -> str:
    return "–" if value is None else f"{value:,.2f}".removesuffix(".00")


def _status(status: str | None, language: str) -> str:
    if status is None:
        return Text("没有", "none").in_language(language)
    return STATUS[status].in_language(language) if status in STATUS else str(status)
