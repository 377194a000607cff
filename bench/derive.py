"""What a result means: ratios, marginal and fixed cost, targets.

Belongs here: arithmetic on a result (the dictionary that `run.py` writes). Does not belong here: measuring, drawing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from bench.wide_reads import WIDE_LIMIT
from dagster_project.language import Text

GIGABYTE = 1e9


@dataclass(frozen=True)
class Target:
    """A line of the issue's targets: the value found, its limit, whether it is met."""

    zh: str
    en: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the value keeps its limit."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def derived(result: dict[str, Any]) -> dict[str, Any]:
    """Ratios a scale, marginal seconds between scales, fixed cost, and the targets with their values."""
    scales = result["scales"]
    return {
        "ratios": [ratios(measured) for measured in scales],
        "fixed_seconds": scales[0]["product"]["whole"]["seconds"],
        "marginal": [marginal(first, second) for first, second in pairwise(scales)],
        "targets": [asdict(target) | {"met": target.met} for target in targets(result)],
    }


def ratios(measured: dict[str, Any]) -> dict[str, float]:
    """Product over yardstick at one scale, in seconds; also over the narrow yardstick, which nothing is promised against."""
    ours, theirs, narrow = measured["product"], measured["yardstick"], measured["narrow"]
    kept = sum(ours["disk"][part] for part in ("raw", "quarantine", "warehouse", "serving"))
    return {
        "scale": measured["scale"],
        "intake": _ratio(ours["intake"]["seconds"], theirs["intake"]["seconds"]),
        "model_to_bulletin": _ratio(ours["model_to_bulletin"]["seconds"], theirs["model"]["seconds"]),
        "intake_narrow": _ratio(ours["intake"]["seconds"], narrow["intake"]["seconds"]),
        "model_to_bulletin_narrow": _ratio(ours["model_to_bulletin"]["seconds"], narrow["model"]["seconds"]),
        "whole": _ratio(ours["whole"]["seconds"], theirs["whole"]["seconds"]),
        "whole_processor": _ratio(ours["whole"]["processor_seconds"], theirs["whole"]["processor_seconds"]),
        "disk_to_landed": _ratio(kept, measured["sample"]["landed_bytes"]),
        "disk_to_landed_parquet": _ratio(kept, measured["sample"]["landed_parquet_bytes"]),
    }


def marginal(first: dict[str, Any], second: dict[str, Any]) -> dict[str, float]:
    """Seconds that a million more landed rows cost between two scales, of the product and of the yardstick."""
    millions = (second["rows"] - first["rows"]) / 1e6

    def cost(side: str) -> float:
        seconds: float = second[side]["whole"]["seconds"] - first[side]["whole"]["seconds"]
        return float(seconds / millions)

    return {
        "from": first["scale"],
        "to": second["scale"],
        "product": round(cost("product"), 3),
        "yardstick": round(cost("yardstick"), 3),
        "ratio": _ratio(cost("product"), cost("yardstick")),
    }


def targets(result: dict[str, Any]) -> list[Target]:
    """The targets that this result can answer; those of scale 1 are asked of the largest scale measured."""
    largest = result["scales"][-1]
    at = ratios(largest)
    scale = largest["scale"]
    steps = [marginal(first, second) for first, second in pairwise(result["scales"][1:])]
    found = [
        Target(f"规模 {scale}：接收与入库 / 标尺", f"scale {scale}: intake / yardstick", at["intake"], 2),
        Target(
            f"规模 {scale}：模型至公报 / 标尺",
            f"scale {scale}: model to bulletin / yardstick",
            at["model_to_bulletin"],
            2,
        ),
        Target(
            f"规模 {scale}：内存峰值（GB）",
            f"scale {scale}: peak memory (GB)",
            round(largest["product"]["whole"]["peak_bytes"] / GIGABYTE, 2),
            16,
        ),
        Target(
            f"规模 {scale}：仓库 / 来源文件（磁盘）",
            f"scale {scale}: warehouse / landed (disk)",
            at["disk_to_landed"],
            1.8,
        ),
        Target(
            f"规模 {scale}：更正一个月 / 全部（均减固定部分）",
            f"scale {scale}: one corrected month / full run (fixed parts taken off)",
            share_of_full_run(result, "corrected_month"),
            0.12,
        ),
        Target(
            f"规模 {scale}：更正一个月时最大的整行读取 / 该月行数",
            f"scale {scale}: one corrected month: largest read of whole settlements / that month's rows",
            largest["again"]["corrected_month"]["reads"]["largest_wide_scan"],
            WIDE_LIMIT,
        ),
        Target(
            f"规模 {scale}：换一个不涉及事实的口径（秒）",
            f"scale {scale}: a definition that needs no facts (seconds)",
            largest["again"]["definition"]["seconds"],
            10,
        ),
        Target(
            f"规模 {scale}：只出公报（秒）",
            f"scale {scale}: the documents alone (seconds)",
            largest["again"]["documents"]["seconds"],
            30,
        ),
        Target("固定开销（秒）", "fixed cost (seconds)", result["scales"][0]["product"]["whole"]["seconds"], 40),
        Target(
            "UTF-8 CSV / read_csv（速度）",
            "UTF-8 CSV / bare read_csv (speed)",
            result["formats"]["utf8_share_of_bare"],
            0.4,
            at_least=True,
        ),
        Target(
            "GB18030（MB/s）",
            "GB18030 (MB/s)",
            result["formats"]["gb18030"]["megabytes_per_second"],
            40,
            at_least=True,
        ),
        Target(
            f"规模 {scale}：样本（行/秒）",
            f"scale {scale}: sample (rows a second)",
            largest["sample"]["rows_per_second"],
            300_000,
            at_least=True,
        ),
        Target("make bulletin（秒）", "make bulletin (seconds)", result["make_bulletin"]["seconds"], 60),
    ]
    if len(steps) > 1:
        growth = _ratio(steps[-1]["product"], steps[-2]["product"])
        last, before = steps[-1], steps[-2]
        found.append(
            Target(
                f"百万行边际秒数：{last['from']}→{last['to']} / {before['from']}→{before['to']}",
                f"seconds a million rows: {last['from']} to {last['to']} / {before['from']} to {before['to']}",
                growth,
                1.15,
            )
        )
    return found


def summary_lines(result: dict[str, Any]) -> list[Text]:
    """The result in a few lines for the terminal."""
    lines = []
    for measured, ratio in zip(result["scales"], result["derived"]["ratios"], strict=True):
        whole, theirs = measured["product"]["whole"], measured["yardstick"]["whole"]
        lines.append(
            Text(
                f"规模 {measured['scale']}：{measured['rows']:,} 行，产品 {whole['seconds']} 秒，标尺 {theirs['seconds']} 秒，"
                f"接收 {ratio['intake']} 倍，模型至公报 {ratio['model_to_bulletin']} 倍，数字不同 "
                f"{measured['comparison']['different']}",
                f"scale {measured['scale']}: {measured['rows']:,} rows, product {whole['seconds']} s, "
                f"yardstick {theirs['seconds']} s, intake x{ratio['intake']}, "
                f"model to bulletin x{ratio['model_to_bulletin']}, different numbers {measured['comparison']['different']}",
            )
        )
    for target in targets(result):
        mark = Text("达到", "met") if target.met else Text("未达到", "not met")
        sign = "≥" if target.at_least else "≤"
        lines.append(
            Text(
                f"{target.zh}：{target.value:,}（{sign} {target.limit:,}，{mark.zh}）",
                f"{target.en}: {target.value:,} ({sign} {target.limit:,}, {mark.en})",
            )
        )
    return lines


def share_of_full_run(result: dict[str, Any], what: str) -> float:
    """Seconds of running again over those of the full run, the fixed part (the tiny scale's) taken off both."""
    tiny, largest = result["scales"][0], result["scales"][-1]
    again = largest["again"][what]["seconds"] - tiny["again"][what]["seconds"]
    full = largest["product"]["whole"]["seconds"] - tiny["product"]["whole"]["seconds"]
    return _ratio(again, full)


def _ratio(ours: float, theirs: float) -> float:
    return round(ours / theirs, 3) if theirs else 0.0
