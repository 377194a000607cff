"""docs/bench.md and its pictures and the README's table, made from the result files.

Belongs here: tables and sentences of the page about `make bench`. Does not belong here: numbers (`derive.py`), drawing
(`plots.py`), runs that are made apart (`page_documented.py`). Run as
`python -m bench.page` to make the page again from the results as they are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench import machine, plots, readme
from bench.derive import derived
from bench.markdown import table
from bench.page_documented import documented
from bench.wide_reads import NARROW_COLUMNS, WIDE_LIMIT
from dagster_project.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "bench.md"
README = PROJECT_ROOT / "README.md"
IMAGES = PROJECT_ROOT / "docs" / "images"
STAGES = {
    "intake": "接收与入库 intake",
    "landing_checks": "入库检查 landing checks",
    "definitions": "口径与字典 definitions",
    "core": "核心事实表 core",
    "core_checks": "核心检查 core checks",
    "indicator": "汇总与指标 cubes and indicators",
    "indicator_checks": "指标检查 indicator checks",
    "publication": "披露控制与文件 disclosure, documents",
    "publication_checks": "出版检查 publication checks",
    "serving": "对外数据库 serving",
}
_HEAD = """\
# 快慢与代价 · The bench

由 `make bench` 生成，请勿手改。 Made by `make bench`; do not edit.

**标尺**是同一引擎的一份 SQL 脚本（[yardstick.sql](../bench/yardstick.sql)）：读同样的表和列，做同样的假名与类型，算出同样的 64 个主要
指标，此外什么也不做（没有检查规则、隔离、版本、追溯、文件）；每次运行都逐一核对两边的分子、分母和值。**窄标尺**是同一份脚本，只读这 64 个
指标用到的表和列，供参考，不设目标。为何如此：[decisions/0006](decisions/0006-the-bench.md)。
The **yardstick** is one SQL script for the same engine: same tables and columns, same pseudonyms and types, same 64 headline
indicators, nothing else (no rules, quarantine, versions, trace, documents); every run compares numerator, denominator and value
of both sides. The **narrow yardstick** is the same script reading only tables and columns that these 64 need: for comparison, no
target is divided by it.

```
make bench                                         # 规模 0.01 与 0.1 scales 0.01 and 0.1
BENCH_SCALES="0.01 0.1 1" BENCH_NAME=province make bench   # 一个省的一年 a province-year; needs about {room:.0f} GB of disk in BENCH_DIR
BENCH_MEMORY=6 BENCH_SCALES=1 BENCH_NAME=province make bench-memory   # 只有 6 GB 内存的机器，只跑产品 a machine of 6 GB, the product alone
BENCH_LINES=100000000 make bench-lines             # 一亿行费用明细 a hundred million charge lines; about 16 GB in BENCH_DIR
make bench-peers                                   # 其他引擎 other engines; how to get them: bench/peers.py
.venv/bin/python -m bench.page                     # 只重做本页 this page alone
.venv/bin/python -m bench.regress                  # 小规模回归，只看比值 small regression bench, ratios only
```
"""


def write(results: Path) -> None:
    """Make page, pictures and the README's table from all results."""
    found = read(results)
    IMAGES.mkdir(exist_ok=True)
    for result in found:
        for kind, svg in (("stages", plots.stages(result, STAGES)), ("growth", plots.growth(result))):
            (IMAGES / f"bench_{result['name']}_{kind}.svg").write_text(svg, encoding="utf-8")
    PAGE.write_text(text(found, results.parent), encoding="utf-8")
    README.write_text(readme.renewed(README.read_text(encoding="utf-8"), found), encoding="utf-8")


def read(results: Path) -> list[dict[str, Any]]:
    """All results of a folder, the largest scale first, judged by today's targets."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(results.glob("*.json"))]
    found = [result | {"derived": derived(result)} for result in found]
    return sorted(found, key=lambda result: -result["scales"][-1]["scale"])


def text(found: list[dict[str, Any]], folder: Path) -> str:
    """The page; runs that are made apart have their results in `folder`."""
    head = _HEAD.format(room=machine.BYTES_AT_SCALE_ONE / 1e9)
    return "\n".join([head, *map(_section, found), *documented(folder)])


def _section(result: dict[str, Any]) -> str:
    name, described = result["name"], result["machine"]
    versions = ", ".join(f"{package} {number}" for package, number in described["versions"].items())
    limits = "".join(f" · {key.removeprefix('BULLETIN_').lower()} {value}" for key, value in result["limits"].items())
    busy = described["load_before"] > 0.3
    load = (
        f"\n\n**机器当时还在做别的事（开始时负载 {described['load_before']}）：只看比值，不看秒数。** "
        "The machine was doing something else too: read ratios, not seconds."
    )
    return "\n\n".join(
        [
            f"## {name} · {result['day']} · {result['code']}",
            f"{described['processor']} · {described['cores']} cores · {described['memory_bytes'] / 2**30:.0f} GB · "
            f"{described['system']}{limits} · {versions}{load if busy else ''}",
            _targets(result),
            _scales(result),
            f"![各阶段 stages](images/bench_{name}_stages.svg)",
            _stages(result["scales"][-1]),
            f"![随行数增长 growth](images/bench_{name}_growth.svg)",
            _growth(result),
            _again(result),
            _formats(result),
        ]
    )


def _targets(result: dict[str, Any]) -> str:
    rows = [
        (
            f"{line['zh']} {line['en']}",
            f"{line['value']:,}",
            f"{'≥' if line['at_least'] else '≤'} {line['limit']:,}",
            "是 yes" if line["met"] else "**否 no**",
        )
        for line in result["derived"]["targets"]
    ]
    found = table(("目标 target", "测得 found", "限 limit", "达到 met"), rows)
    if result["scales"][-1]["scale"] == 1:
        return found
    return f"{found}\n\n目标是规模 1 的；规模较小时固定开销占大头。 The targets are those of scale 1; below it the fixed cost weighs."


def _scales(result: dict[str, Any]) -> str:
    rows = []
    for measured, ratio in zip(result["scales"], result["derived"]["ratios"], strict=True):
        ours, theirs = measured["product"], measured["yardstick"]
        compared = measured["comparison"]
        rows.append(
            (
                measured["scale"],
                f"{measured['rows'] / 1e6:.2f}",
                f"{ours['whole']['seconds']:.0f} / {theirs['whole']['seconds']:.0f}",
                f"{ours['whole']['processor_seconds']:.0f} / {theirs['whole']['processor_seconds']:.0f}",
                f"{measured['rows'] / ours['whole']['seconds']:,.0f}",
                f"{ratio['intake']:.2f}",
                f"{ratio['model_to_bulletin']:.2f}",
                f"{ratio['intake_narrow']:.2f} / {ratio['model_to_bulletin_narrow']:.2f}",
                f"{ours['whole']['peak_bytes'] / 1e9:.1f} / {theirs['whole']['peak_bytes'] / 1e9:.1f}",
                f"{ours['whole']['written_bytes'] / 1e9:.1f} / {theirs['whole']['written_bytes'] / 1e9:.1f}",
                f"{ratio['disk_to_landed']:.2f} ({ratio['disk_to_landed_parquet']:.2f})",
                f"{compared['compared'] - compared['different']} / {compared['compared']}",
            )
        )
    header = (
        "规模 scale", "百万行 million rows", "秒 seconds 产品/标尺", "处理器秒 processor seconds 产品/标尺", "行/秒 rows a second", "入库 intake ÷ 标尺",
        "模型至公报 model to bulletin ÷ 标尺", "两者 ÷ 窄标尺 both ÷ narrow", "内存 peak GB 产品/标尺",
        "写出 written GB 产品/标尺", "仓库÷来源 warehouse ÷ landed (÷ Parquet)", "相同的数 equal numbers",
    )  # fmt: skip
    return table(header, rows)


def _stages(measured: dict[str, Any]) -> str:
    ours, theirs = measured["product"], measured["yardstick"]
    costs = {"intake": ours["intake"], **ours["stages"]}
    rows = [_cost(STAGES[name], cost) for name, cost in costs.items()]
    rows.append(_cost("模型至公报 model to bulletin", ours["model_to_bulletin"]))
    rows.append(_cost("**产品 product**", ours["whole"]))
    rows += [
        _cost("标尺：入库 yardstick: intake", theirs["intake"]),
        _cost("标尺：模型 yardstick: model", theirs["model"]),
        _cost("窄标尺：入库 narrow yardstick: intake", measured["narrow"]["intake"]),
        _cost("窄标尺：模型 narrow yardstick: model", measured["narrow"]["model"]),
    ]
    header = (
        f"规模 scale {measured['scale']}", "秒 seconds", "处理器秒 processor seconds", "内存 peak GB", "写出 written GB"
    )  # fmt: skip
    note = (
        "入库与启动（导入 Dagster、dbt）同时进行；“模型至公报”是入库之后到进程结束的全部。 Intake runs beside the start (imports of "
        "Dagster and dbt); model to bulletin is all that comes after intake, to the end of the process."
    )
    return f"{table(header, rows)}\n\n{note}"


def _cost(name: str, cost: dict[str, float]) -> tuple[str, ...]:
    return (
        name,
        f"{cost['seconds']:.1f}",
        f"{cost['processor_seconds']:.1f}",
        f"{cost['peak_bytes'] / 1e9:.2f}",
        f"{cost['written_bytes'] / 1e9:.2f}",
    )


def _growth(result: dict[str, Any]) -> str:
    rows = [
        (f"{step['from']} → {step['to']}", step["product"], step["yardstick"], f"{step['ratio']:.2f}")
        for step in result["derived"]["marginal"]
    ]
    header = ("百万行的边际秒数 seconds a million rows", "产品 product", "标尺 yardstick", "比 ratio")
    return table(header, rows)


def _again(result: dict[str, Any]) -> str:
    names = {
        "nothing_new": "没有新文件 nothing new (`run`)",
        "corrected_month": "更正一个月的结算 one month of settlements corrected (`run`)",
        "definition": "换一个不涉及事实的口径 a definition that needs no facts (`build`)",
        "documents": "只出公报 the documents alone (`export`)",
    }
    rows = [
        (name, *(f"{scale['again'][key]['seconds']:.1f}" for scale in result["scales"])) for key, name in names.items()
    ]
    changed = sum(scale["again"]["corrected_month"]["different"] for scale in result["scales"])
    header = ("再跑一次的秒数 seconds of running again", *(f"{scale['scale']}" for scale in result["scales"]))
    reads = result["scales"][-1]["again"]["corrected_month"]["reads"]
    return (
        f"{table(header, rows)}\n\n{_reads(reads)}\n\n更正的月份内容不变、时间更新，因此数字不应改变：改变了 {changed} 个。 The corrected month has the "
        f"same content and newer times, so no number may change: {changed} did."
    )


def _reads(reads: dict[str, Any]) -> str:
    """The scans that read more of whole settlements than a corrected month should make them."""
    counted = ", ".join(f"`{name}` {rows:,}" for name, rows in reads["rows"].items())
    intro = (
        f"更正一个月时读了多少（引擎计数；该月行数 {counted}）：整行读取（多于 {NARROW_COLUMNS} 列）{reads['wide_scans']} 次，最大为该月的 "
        f"{reads['largest_wide_scan']} 倍，限 {WIDE_LIMIT} 倍。 What one corrected month makes it read, counted by the engine (rows of "
        f"the month in brackets): {reads['wide_scans']} scans of more than {NARROW_COLUMNS} columns, the largest "
        f"{reads['largest_wide_scan']} times the month, limit {WIDE_LIMIT}."
    )
    if not reads["beyond"]:
        return intro
    rows = [(scan["statement"][:60], scan["table"], scan["columns"], scan["months"]) for scan in reads["beyond"]]
    header = ("超限的读取 scans beyond it", "表 table", "列 columns", "该月的倍数 times the month")
    return f"{intro}\n\n{table(header, rows)}"


def _formats(result: dict[str, Any]) -> str:
    formats, whole = result["formats"], result["make_bulletin"]
    rows = [
        (name, f"{formats[key]['seconds']:.1f}", f"{formats[key]['megabytes_per_second']:.0f}")
        for key, name in (
            ("bare_read_csv", "`read_csv`，UTF-8"),
            ("utf8", "入库 intake，CSV UTF-8"),
            ("gb18030", "入库 intake，CSV GB18030"),
        )
    ]
    header = (f"{formats['rows']:,} 行结算 settlements", "秒 seconds", "MB/s")
    return (
        f"{table(header, rows)}\n\n`make bulletin`（环境已就绪 environment ready）：样本 sample {whole['sample_seconds']:.0f} s "
        f"({whole['sample_rows_per_second']:,} 行/秒 rows a second) + "
        f"运行 run {whole['run_seconds']:.0f} s，{whole['rows']:,} 行 rows。\n"
    )


if __name__ == "__main__":
    write(Path(__file__).with_name("results"))
