"""The README's short table, made from the result of the largest scale.

Belongs here: what of a result stands in the README, between two marks. Does not belong here: the page (`page.py`), numbers
(`derive.py`).
"""

from __future__ import annotations

from typing import Any

from bench.markdown import table

_NOTHING = "尚无测量：`make bench`。 Not measured yet: `make bench`.\n"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def renewed(text: str, results: list[dict[str, Any]]) -> str:
    """The README with a table of the first of these results; ValueError when its marks are missing."""
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"the README has no {BEGIN} ... {END}")
    return f"{before}{BEGIN}\n{section(results[0]) if results else _NOTHING}{END}{after}"


def section(result: dict[str, Any]) -> str:
    """Sentences and table: seconds and memory of product and yardstick, and of running again."""
    measured, ratio, machine = result["scales"][-1], result["derived"]["ratios"][-1], result["machine"]
    ours, theirs, again = measured["product"], measured["yardstick"], measured["again"]
    rows = [
        ("接收与入库 intake", _seconds(ours["intake"]), _seconds(theirs["intake"]), f"{ratio['intake']:.1f}"),
        (
            "模型至公报 model to bulletin",
            _seconds(ours["model_to_bulletin"]),
            _seconds(theirs["model"]),
            f"{ratio['model_to_bulletin']:.1f}",
        ),
        ("全部 whole", _seconds(ours["whole"]), _seconds(theirs["whole"]), f"{ratio['whole']:.1f}"),
        (
            "内存 peak memory (GB)",
            _gigabytes(ours["whole"]),
            _gigabytes(theirs["whole"]),
            f"{ours['whole']['peak_bytes'] / theirs['whole']['peak_bytes']:.1f}",
        ),
        ("更正一个月 one corrected month", _seconds(again["corrected_month"]), "", ""),
        ("只出公报 the documents alone", _seconds(again["documents"]), "", ""),
    ]
    share = "一个省的一年" if measured["scale"] == 1 else f"一个省一年的 {measured['scale']}"
    in_english = "a province-year" if measured["scale"] == 1 else f"{measured['scale']} of a province-year"
    busy = "；机器不空闲，只看比值" if machine["load_before"] > 0.3 else ""
    busy_in_english = "; on a busy machine: read the ratios" if machine["load_before"] > 0.3 else ""
    return (
        f"{share}（{measured['rows'] / 1e6:.0f} 百万行），{machine['processor']}，{machine['cores']} 核，"
        f"{machine['memory_bytes'] / 2**30:.0f} GB 内存，{result['day']}{busy}。标尺是同一引擎上只算同样 64 个指标的 SQL 脚本；"
        f"全部测量见 [快慢与代价](docs/bench.md)。\n"
        f"The product beside a SQL script for the same engine that computes the same 64 indicators and nothing else, "
        f"{in_english} ({measured['rows'] / 1e6:.0f} million rows), {machine['cores']} cores, "
        f"{machine['memory_bytes'] / 2**30:.0f} GB of memory{busy_in_english}.\n\n"
        f"{table(('秒 seconds', '产品 product', '标尺 yardstick', '比 ratio'), rows)}\n"
    )


def _seconds(cost: dict[str, float]) -> str:
    return f"{cost['seconds']:,.0f}"


def _gigabytes(cost: dict[str, float]) -> str:
    return f"{cost['peak_bytes'] / 1e9:.1f}"
