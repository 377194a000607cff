"""The page's sections about runs that are made apart from `make bench`: other engines, charge lines, little memory.

Belongs here: their tables and sentences. Does not belong here: measuring (`peers.py`, `fee_lines.py`,
`little_memory.py`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.markdown import machine_line, table


def documented(folder: Path) -> list[str]:
    """A section for each of these runs whose result lies in a folder."""
    sections = {"peers.json": _peers, "fee_lines.json": _fee_lines, "little_memory.json": _little_memory}
    return [
        section(json.loads((folder / name).read_text(encoding="utf-8")))
        for name, section in sections.items()
        if (folder / name).exists()
    ]


def _peers(result: dict[str, Any]) -> str:
    """The settlement part on other engines."""
    rows = [
        (
            f"{row['engine']} {row.get('version', '')}".strip(),
            f"{row['rows']:,}",
            f"{row['seconds']:.1f}" if "seconds" in row else "–",
            f"{row['peak_bytes'] / 1e9:.1f}" if row.get("peak_bytes") else "–",
            {True: "是 yes", False: "**否 no**", None: "未安装 not installed"}[row["agrees"]],
        )
        for row in result["engines"]
    ]
    header = ("引擎 engine", "结算行数 settlements", "秒 seconds", "内存 peak GB", "与 DuckDB 相同 same answer")
    return "\n\n".join(
        [
            f"## 其他引擎 Other engines · {result['day']}",
            machine_line(result),
            "标尺的结算部分（[peers.sql](../bench/peers.sql)，不含假名）：读 Parquet、金额恒等、最新版本、冲销、按代码汇总；PostgreSQL "
            "含装载。做法见 [peers.py](../bench/peers.py)。 The settlement part of the yardstick without pseudonyms; PostgreSQL with "
            'loading. `PEERS_PYTHON=peers/bin/python make bench-peers PEERS="duckdb polars chdb spark postgresql"`',
            table(header, rows) + "\n",
        ]
    )


def _fee_lines(result: dict[str, Any]) -> str:
    """Charge lines through intake, and the year that follows."""
    intake, year = result["intake"], result["year"]
    hours = "–".join(f"{step['hours']}" for step in year)
    gigabytes = "–".join(f"{step['raw_gigabytes']}" for step in year)
    rows = [
        ("行/秒 lines a second", f"{result['lines_per_second']:,}"),
        ("秒 seconds", f"{intake['seconds']:.1f}"),
        ("内存 peak GB", f"{intake['peak_bytes'] / 1e9:.2f}"),
        ("入库列数 columns in raw", result["columns"]),
        ("来源字节/行 landed bytes a line", result["landed_bytes_a_line"]),
        ("入库字节/行 raw bytes a line", result["raw_bytes_a_line"]),
        ("一年 10–20 亿行：小时 a year of 1–2 billion lines: hours", hours),
        ("一年 10–20 亿行：入库 GB a year: raw GB", gigabytes),
        (
            "明细与结算不符的结算 settlements that their lines do not add up to（应为 expected）",
            f"{result['differing']:,} ({result['differing_expected']:,})",
        ),
    ]
    return "\n\n".join(
        [
            f"## 费用明细 Charge lines · {result['day']} · {result['code']}",
            machine_line(result),
            table(
                (f"{result['lines']:,} 行明细 charge lines（{result['settlements']:,} settlements）", "测得 found"),
                rows,
            )
            + "\n",
        ]
    )


def _little_memory(result: dict[str, Any]) -> str:
    """A whole run with the memory of a small machine."""
    whole, full = result["whole"], result["full"]
    rows = [
        (name, f"{cost['seconds']:.0f}", f"{cost['processor_seconds']:.0f}", f"{cost['peak_bytes'] / 1e9:.1f}", f"{cost['written_bytes'] / 1e9:.0f}")
        for name, cost in (
            (f"{result['gigabytes']:g} GB", whole),
            (f"{full['name']} · {full['day']} · {full['code']}", full["whole"]),
        )
    ]  # fmt: skip
    header = (
        f"规模 scale {result['scale']:g}",
        "秒 seconds",
        "处理器秒 processor seconds",
        "内存 peak GB",
        "写出 written GB",
    )
    return "\n\n".join(
        [
            f"## 内存少 Little memory · {result['day']} · {result['code']}",
            machine_line(result),
            f"一台 {result['gigabytes']:g} GB 内存的机器：引擎得其一半，全部进程合计应不超过它；用时为内存充足时的 **{result['times']} 倍**，限 3 倍。 "
            f"A machine of {result['gigabytes']:g} GB: half of it is the engine's, all processes together are to stay within it; "
            f"**{result['times']} times** as long as with enough memory, limit 3.",
            table(header, rows) + "\n",
        ]
    )
