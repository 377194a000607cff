"""The page of one indicator as Markdown: what it is, how it is computed, what to mind, what was published.

Belongs here: the order and wording of a page. Does not belong here: drawing, files (`write.py`), the dictionary's own texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from dagster_project.contracts import load_contracts
from dagster_project.dictionary.definitions import load_national, load_switches
from dagster_project.dictionary.indicators import Indicator, load_indicators
from dagster_project.dictionary.own import OwnIdentity, load_own_identities
from dagster_project.dictionary.pooling import CROSS_REGION_BASE
from dagster_project.explain.chinese import chinese
from dagster_project.language import Text
from dagster_project.reference.series import Point, breaks, place_name, published, targets

KINDS = {
    "count": Text("人数或人次", "count"), "sum": Text("金额合计", "sum of money"), "ratio": Text("比率或均值", "ratio or mean"),
    "derived": Text("由其他指标加减", "derived from others"), "lag": Text("与上年比较", "compared with the year before"),
    "reported": Text("部门填报", "reported by a department"), "alias": Text("别名", "alias"),
    "not_yet": Text("不计算", "not computed"), "not_applicable": Text("不适用", "not applicable"),
}  # fmt: skip
VINTAGE_NAMES = {
    "bulletin": "统计公报", "data_series": "数据序列", "quick_report": "统计快报", "press": "新闻发布",
}  # fmt: skip
QUALIFIERS = {"over": "超过 ", "about": "约 "}
MADE = "<!-- 由指标字典生成，请勿手改 · made from the indicator dictionary, do not edit -->"


def page_of(indicator: Indicator, prose: Mapping[str, str], own: Sequence[Point] = (), chart: str = "") -> str:
    """The page; `prose` is the row of the dictionary as written, `own` our own annual figures, `chart` a path to its drawing."""
    parts = [
        [MADE, "", f"# {indicator.name_zh} · {indicator.name_en}", ""],
        list(_head(indicator)),
        list(_definition(indicator, prose)),
        list(_choices(indicator)),
        list(_minding(indicator, prose)),
        list(_identities(indicator)),
        list(_figures(indicator, own, chart)),
    ]
    return "\n".join(line for part in parts for line in part).rstrip("\n") + "\n"


def _head(indicator: Indicator) -> Iterator[str]:
    yield (
        f"`{indicator.indicator_id}` · {indicator.section} · 单位 unit **{indicator.unit}**，{indicator.display_decimals} 位小数 · "
        f"{KINDS[indicator.kind].zh} {KINDS[indicator.kind].en}"
        + (" · 主要指标 headline" if indicator.headline else "")
    )
    yield ""
    if indicator.alias_of:
        base = load_indicators()[indicator.alias_of]
        where = "、".join(
            part
            for part in (
                place_name(indicator.alias_geography).zh if indicator.alias_geography else "",
                VINTAGE_NAMES.get(indicator.alias_vintage, indicator.alias_vintage),
            )
            if part
        )
        yield f"是 [{base.name_zh}]({base.indicator_id}.md) 在{where or '另一处'}的别名，数字存在那里。 An alias; its figures are stored there."
        yield ""
    if indicator.reason_zh:
        yield f"> {indicator.reason_zh} {indicator.reason_en}"
        yield ""


def _definition(indicator: Indicator, prose: Mapping[str, str]) -> Iterator[str]:
    yield "## 定义 Definition"
    yield ""
    yield "| | |"
    yield "|---|---|"
    formula = prose["formula"]
    rows = [
        ("分子 numerator", prose["numerator"]),
        ("分母 denominator", prose["denominator"]),
        ("算式 formula", _both(chinese("formulas", formula), formula)),
        ("基础指标 base", _link(indicator.base_id) if indicator.base_id else ""),
        ("度量 measure", f"`{indicator.measure}`" if indicator.measure else ""),
        ("取数条件 cells", _code(_pairs(indicator))),
        ("分子表达式", _code(indicator.numerator_expression)),
        ("分母表达式", _code(indicator.denominator_expression)),
        ("分组 breakdowns", "、".join(f"`{label}`" for label in indicator.breakdown_labels)),
        ("来源表 extracts", "、".join(_extract(name) for name in indicator.extracts)),
    ]
    yield from (f"| {name} | {_cell(text)} |" for name, text in rows if text)
    yield ""


def _both(zh: str, text: str) -> str:
    return _code(text) if zh == text else f"{zh}；{_code(text)}"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _link(indicator_id: str) -> str:
    known = load_indicators().get(indicator_id)
    return f"[{known.name_zh}]({indicator_id}.md)" if known else f"`{indicator_id}`"


def _extract(name: str) -> str:
    contract = load_contracts().get(name)
    return f"`{name}` {contract.name_zh}" if contract else f"`{name}`"


def _pairs(indicator: Indicator) -> str:
    return "; ".join(f"{label}={'|'.join(members)}" for label, members in indicator.filter)


def _choices(indicator: Indicator) -> Iterator[str]:
    switches, national = load_switches(), load_national()
    listed = [name for name in indicator.switches if name in switches]
    if not listed and CROSS_REGION_BASE not in indicator.switches:
        return
    yield "## 口径选择 Choices"
    yield ""
    yield "| 口径 choice | 全国默认 national default | 其他取值 other values |"
    yield "|---|---|---|"
    for name in listed:
        switch = switches[name]
        dated = national.choices[name]
        now = "；".join(
            (f"{year} 年起 " if len(dated) > 1 and place else "") + switch.text(value).zh
            for place, (year, value) in enumerate(dated)
        )
        used = {switch.known(value) for _, value in dated}
        others = "、".join(switch.text(value).zh for value in switch.values if value not in used)
        yield f"| {switch.label.zh} `{name}` | {_cell(now)} | {_cell(others)} |"
    if CROSS_REGION_BASE in indicator.switches:
        yield f"| 异地的基准 `{CROSS_REGION_BASE}` | 按各地逐日登记的统筹层次 the dated pooling level | |"
    yield ""


def _minding(indicator: Indicator, prose: Mapping[str, str]) -> Iterator[str]:
    if prose["traps"]:
        yield "## 注意 Mind"
        yield ""
        yield f"{chinese('traps', prose['traps'])}"
        yield ""
        yield f"{prose['traps']}"
        yield ""
    listed = breaks().get(indicator.indicator_id, [])
    if listed:
        yield "## 断点 Breaks"
        yield ""
        yield "| 年份 | 变化 what changed | 影响 effect | 与上年可比 comparable |"
        yield "|---|---|---|---|"
        for one in listed:
            comparable = "否 no" if one.stops_comparison else "是 yes"
            what, effect = (_cell(f"{chinese('breaks', text)} {text}") for text in (one.what, one.effect))
            yield f"| {one.year}（{one.break_id}） | {what} | {effect} | {comparable} |"
        yield ""


def _identities(indicator: Indicator) -> Iterator[str]:
    found = _identities_of().get(indicator.indicator_id, ())
    if found:
        yield "## 恒等式 Identities"
        yield ""
        yield from (f"- {one.identity_id}: `{one.statement}`" for one in found)
        yield ""


@cache
def _identities_of() -> dict[str, list[OwnIdentity]]:
    """The identities that an indicator takes part in."""
    found: dict[str, list[OwnIdentity]] = {}
    for identity in load_own_identities(load_indicators()):
        for indicator_id in dict.fromkeys(term.indicator_id for term in identity.terms):
            found.setdefault(indicator_id, []).append(identity)
    return found


def _figures(indicator: Indicator, own: Sequence[Point], chart: str) -> Iterator[str]:
    wanted = targets().get(indicator.indicator_id, [])
    figures = published().get(indicator.indicator_id, [])
    if not (figures or own or wanted):
        return
    yield "## 历年数 Figures"
    yield ""
    if chart:
        yield f"![{indicator.name_zh}]({chart})"
        yield ""
    for target in wanted:
        words = "不低于" if target.qualifier == "at_least" else "约"
        yield f"目标 target：{target.year} 年{words} {target.value:g}{indicator.unit}（{target.source.zh} {target.source.en}）"
        yield ""
    if own:
        yield f"| 年份 | 本库 own figures（{indicator.unit}） |"
        yield "|---|---:|"
        yield from (f"| {point.year} | {point.value:,.{indicator.display_decimals}f} |" for point in own)
        yield ""
    if figures:
        yield "公布数，原数原单位 published, as printed："
        yield ""
        yield "| 地区 | 年份 | 公布数 | 版本 | 出处与说明 |"
        yield "|---|---|---:|---|---|"
        for one in figures:
            note = "；".join(
                part
                for part in (
                    chinese("sources", one.source),
                    chinese("notes", one.note) if one.note else "",
                    "由公布数推算 derived" if one.is_derived else "",
                )
                if part
            )
            printed = f"{QUALIFIERS.get(one.qualifier, '')}{one.printed} {one.unit}"
            vintage = VINTAGE_NAMES.get(one.vintage, one.vintage)
            yield f"| {place_name(one.geography).zh} | {one.year} | {printed} | {vintage} | {_cell(note)} |"
        yield ""
