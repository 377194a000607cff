"""Parts of changes by cause as a table for the terminal, Chinese or English.

Belongs here: wording and columns. Does not belong here: the parts (`waterfall.py`), what a number is called (`differences.py`), files
(`difference_book.py`).

Printed parts are differences of printed levels, so that they add up to the printed change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.cells import cell_len

from dagster_project.dictionary import load_indicators
from dagster_project.explain.quantity import in_parts
from dagster_project.explain.waterfall import CAUSES, OLD, WITHHELD, Waterfall
from dagster_project.language import Text

CAUSE_NAMES = {
    "taken_out": Text("撤出", "taken out"),
    "late": Text("迟到数据", "late"),
    "corrected": Text("更正", "corrected"),
    "reversal": Text("冲销", "reversals"),
    "definitions": Text("口径变更", "definitions"),
}
CHANGE = Text("变动", "change")
STEP_NAMES = {OLD: Text("旧版", "the older vintage"), **{step: CAUSE_NAMES[name] for step, name in CAUSES.items()}}
ORDER = Text(
    "按原因拆分（裁定 L85）：依次计入 " + " → ".join(CAUSE_NAMES[name].zh for name in CAUSES.values()) + "，各部分之和恰等于变动；"
    "次序是约定的，换一个次序各部分会不同。内部核对用，未作披露控制。",
    "Split by cause (L85): " + " → ".join(CAUSE_NAMES[name].en for name in CAUSES.values()) + ", one after the other; the parts add "
    "up to the change exactly. The order is an agreement: in another one the parts differ. Internal, without disclosure control.",
)  # fmt: skip
_GAP = "  "


def cause_lines(
    waterfall: Waterfall, lines: Sequence[str], changes: Sequence[Mapping[str, Any]], language: str
) -> list[str]:
    """The changes as a table, one column a cause; `lines` say what each number is, `changes` are the rows of these."""
    if waterfall.reason is not None:
        why = Text(
            f"不能按原因拆分，以上只有来源行数：{waterfall.reason.zh}。",
            f"Cannot split by cause, only rows of the sources are told: {waterfall.reason.en}.",
        )
        return [why.in_language(language), *lines]
    heads = [name.in_language(language) for name in (CHANGE, *(CAUSE_NAMES[name] for name in CAUSES.values()))]
    rows = [_cells(change, parts, waterfall.steps) for change, parts in zip(changes, waterfall.rows, strict=False)]
    widths = [
        max(cell_len(cells[place]) for cells in [heads, *(cells for cells in rows if cells is not None)])
        for place in range(len(heads))
    ]
    whole = sum(widths) + len(_GAP) * (len(widths) - 1)
    told = [ORDER.in_language(language), _GAP + _GAP.join(map(_right, heads, widths))]
    for cells, parts, line in zip(rows, waterfall.rows, lines, strict=False):
        left = _GAP.join(map(_right, cells, widths)) if cells else _right(note(parts, waterfall.steps, language), whole)
        told.append(f"{_GAP}{left}{line}")
    return told


def note(parts: Mapping[str, Any], steps: Sequence[int], language: str) -> str:
    """Why a number has no parts, and with which cause it came or went; '' where it has."""
    if not parts["note"]:
        return ""
    if parts["note"] == WITHHELD:
        return Text("隐去的数，不拆分", "withheld, not split").in_language(language)
    levels = parts["levels"]
    turns = [
        CAUSE_NAMES[CAUSES[steps[place]]]
        for place in range(1, len(levels))
        if (levels[place] is None) != (levels[place - 1] is None)
    ]
    with_zh, with_en = "、".join(name.zh for name in turns), ", ".join(name.en for name in turns)
    told = Text("没有数可比，不拆分", "no number, not split")
    if turns:
        told = Text(f"因{with_zh}而有或无，不拆分", f"there or not by {with_en}, not split")
    return told.in_language(language)


def _cells(change: Mapping[str, Any], parts: Mapping[str, Any], steps: Sequence[int]) -> list[str] | None:
    """The change and its parts in the unit of the number's line; None where there are none."""
    if parts["note"]:
        return None
    indicator = load_indicators().get(change["indicator_id"])
    unit, decimals = (indicator.unit, indicator.display_decimals) if indicator else ("", 2)
    levels: list[Decimal] = parts["levels"]
    known = dict(zip(steps, levels, strict=True))
    every = [levels[0]]
    for step in CAUSES:  # a cause without a step moved nothing
        every.append(known.get(step, every[-1]))
    return in_parts(every, unit, decimals)


def _right(text: str, width: int) -> str:
    return " " * (width - cell_len(text)) + text
