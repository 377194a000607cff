"""The page's sections about runs that are made apart from `make bench`: other engines.

Belongs here: their tables and sentences. Does not belong here: measuring (`peers.py`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.markdown import machine_line, table


def documented(folder: Path) -> list[str]:
    """A section for each of these runs whose result lies in a folder."""
    sections = {"peers.json": _peers}
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
            "是 yes" if row["agrees"] else "**否 no**",
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
            "loading.",
            table(header, rows) + "\n",
        ]
    )
