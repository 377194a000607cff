"""What a measurement was made on: processor, memory, versions; never a name or a path of the machine.

Belongs here: describing the machine, room on its disk. Does not belong here: measuring.
"""

from __future__ import annotations

import os
import platform
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dagster_project.errors import UserError
from dagster_project.language import Text

# Bytes that a province-year (scale 1) needs at once at its worst moment: landed files, raw copy, warehouse and what the
# engine writes aside. Measured at a tenth: 1.8 + 2.0 + 1.3 GB; the rest is room for the engine.
BYTES_AT_SCALE_ONE = 62_000_000_000
BYTES_IN_ANY_CASE = 1_000_000_000


def describe() -> dict[str, Any]:
    """Processor, cores, memory, load when asked, versions."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        # Above 0.3 or so the machine was doing something else too: read ratios, not seconds.
        "load_before": round(os.getloadavg()[0], 2),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("duckdb", "dbt-core", "dagster", "polars", "pyarrow")},
        },
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def require_room(folder: Path, scale: float) -> None:
    """Raises UserError (exit 2) when the disk is too small for a scale; nothing has been written by then."""
    require_bytes(folder, int(BYTES_AT_SCALE_ONE * scale), Text(f"规模 {scale}", f"Scale {scale}"))


def require_bytes(folder: Path, need: int, what: Text) -> None:
    """Raises UserError (exit 2) when the disk has no room for something; nothing has been written by then."""
    need += BYTES_IN_ANY_CASE
    free = shutil.disk_usage(folder).free
    if free >= need:
        return
    gigabytes = (need / 1e9, free / 1e9)
    raise UserError(
        Text(
            "{}约需 {:.1f} GB 磁盘，只剩 {:.1f} GB；未写入任何文件。".format(what.zh, *gigabytes),
            "{} needs about {:.1f} GB of disk, {:.1f} GB are free; nothing was written.".format(what.en, *gigabytes),
        ),
        where="BENCH_DIR",
        todo=Text(
            "用 BENCH_DIR 指向更大的磁盘，或选较小的规模。",
            "Point BENCH_DIR at a larger disk, or choose a smaller scale.",
        ),
    )
