"""Two definitions compared, in words on the terminal: the choices, then each figure under both.

Belongs here: wording and layout of plain text. Does not belong here: comparing (`choices.py`), the workbook (`choice_book.py`).
"""

from __future__ import annotations

import io
from typing import Any

from dagster_project.dictionary import load_indicators
from dagster_project.dictionary.variants import Differing
from dagster_project.explain.choices import TOGETHER, Comparison, is_different
from dagster_project.explain.quantity import together
from dagster_project.explain.render import STATUS
from dagster_project.language import Text

WIDTH = 118


def render(comparison: Comparison, language: str = "zh") -> str:
    """The choices that differ, those that need the facts, and the province's annual figures that differ."""
    wholes = comparison.wholes()
    changed = wholes.filter(is_different())
    lines = [
        Text(
            f"{comparison.year} 年，两套口径对比：甲 {comparison.old}，乙 {comparison.new}",
            f"{comparison.year} under two definitions: A {comparison.old}, B {comparison.new}",
        ),
        *_choices(comparison.choices),
        *_of_facts(comparison),
        Text(
            f"全省年度指标 {wholes.height} 个，{changed.height} 个不同；含分项、分地区共 {comparison.figures.height:,} 个数，"
            f"{comparison.changed.height:,} 个不同。",
            f"{wholes.height} annual figures of the province, {changed.height} differ; with all parts and regions "
            f"{comparison.figures.height:,} numbers, {comparison.changed.height:,} differ.",
        ),
    ]
    told = "\n".join(line.in_language(language) for line in lines)
    return f"{told}\n{_table(comparison, language)}" if changed.height else told


def label_of(switch: str, choices: list[Differing]) -> Text:
    """A choice in plain words; `together` is what several do besides."""
    if switch == TOGETHER:
        return Text("共同作用", "together")
    return next((one.label for one in choices if one.switch == switch), Text(switch, switch))


def _choices(choices: list[Differing]) -> list[Text]:
    if not choices:
        return [Text("  两套口径没有能比较的不同。", "  There is no difference that can be compared.")]
    return [_choice(one) for one in choices]


def _choice(one: Differing) -> Text:
    return Text(
        f"  {one.label.zh}（{one.switch}）：{one.old_text.zh} → {one.new_text.zh}",
        f"  {one.label.en} ({one.switch}): {one.old_text.en} → {one.new_text.en}",
    )


def _of_facts(comparison: Comparison) -> list[Text]:
    if not comparison.of_facts:
        return []
    names = comparison.waiting
    return [
        Text(
            "  下列口径要重读明细才能算，本表不含其影响"
            f"（{len(names)} 个指标可能还会变）；要看结果，请把它写进另一个家目录的口径文件后运行 bulletin run：",
            "  These choices need the facts to be read again, and what they do is not in this table "
            f"({len(names)} indicators may move besides); to see it, write them into the definitions of another home and "
            "`bulletin run` there:",
        ),
        *(Text(f"  {line.zh}", f"  {line.en}") for line in map(_choice, comparison.of_facts)),
    ]


def _table(comparison: Comparison, language: str) -> str:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    heads = [
        Text("指标", "indicator"), Text("甲", "A"), Text("乙", "B"), Text("差", "difference"), Text("由哪项口径", "moved by"),
    ]  # fmt: skip
    for number, head in enumerate(heads):
        table.add_column(head.in_language(language), justify="right" if 0 < number < 4 else "left", overflow="fold")
    for row in comparison.wholes().filter(is_different()).iter_rows(named=True):
        table.add_row(*_cells(row, comparison, language))
    buffer = io.StringIO()
    Console(file=buffer, width=WIDTH, color_system=None, highlight=False).print(table)
    return "\n".join(line.rstrip() for line in buffer.getvalue().rstrip().splitlines())


def _cells(row: dict[str, Any], comparison: Comparison, language: str) -> list[str]:
    indicator = load_indicators()[row["indicator_id"]]
    name = Text(indicator.name_zh, indicator.name_en).in_language(language)
    if row["indicator_id"] in comparison.waiting:
        name += " *"
    values = [row["value"], row["value_new"]]
    texts, printed = together(values, indicator.unit, indicator.display_decimals, language)
    old, new = (
        f"{text} {printed}".rstrip() if text is not None else _status(row[status], language)
        for text, status in zip(texts, ("status", "status_new"), strict=True)
    )
    return [name, old, new, _difference(row, language), _movers(row["moved_by"], comparison, language)]


def _difference(row: dict[str, Any], language: str) -> str:
    old, new = row["value"], row["value_new"]
    if old is None or new is None:
        return "–"
    if old == new:  # the quotient is the same, what it is made of is not
        return Text("分子、分母变", "its parts").in_language(language)
    if row["unit"] == "%":
        return f"{new - old:+.2f} {Text('个百分点', 'points').in_language(language)}"
    return f"{100 * (new / old - 1):+.2f}%" if old else "–"


def _movers(text: str | None, comparison: Comparison, language: str) -> str:
    parts = []
    for part in (text or "").split("; "):
        switch, sign, effect = part.partition("=")
        if switch:
            label = label_of(switch, comparison.choices).in_language(language)
            parts.append(f"{label} {float(effect):+.4g}" if sign else label)
    return "；".join(parts) if language == "zh" else "; ".join(parts)


def _status(status: str | None, language: str) -> str:
    if status is None:
        return Text("没有", "none").in_language(language)
    return STATUS[status].in_language(language) if status in STATUS else str(status)
