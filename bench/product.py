"""The product's side of a measurement: the sample, a whole run, and its stages.

Belongs here: the commands, reading HOME/logs/stages.jsonl, sizes on disk. Does not belong here: watching (`measure.py`),
the yardstick.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure import Cost, Watched, watch
from dagster_project.settings import PROJECT_ROOT

# What the yardstick has no counterpart of is part of "model to bulletin" all the same.
AFTER_INTAKE = (
    "landing_checks", "definitions", "core", "core_checks", "indicator", "indicator_checks", "publication",
    "publication_checks", "serving",
)  # fmt: skip


@dataclass(frozen=True)
class ProductRun:
    """A whole run by stages; `model_to_bulletin` is all that comes after intake, to the end of the process."""

    whole: Cost
    intake: Cost
    model_to_bulletin: Cost
    stages: dict[str, Cost]


def bulletin(environment: dict[str, str], *words: str) -> Watched:
    """One `bulletin` command in a process of its own. Raises RuntimeError with what it said when it did not end well."""
    watched = watch([sys.executable, "-m", "dagster_project.cli", *words], environment, PROJECT_ROOT)
    if watched.code != 0:
        raise RuntimeError(f"bulletin {' '.join(words)} ended with {watched.code}:\n{watched.output}")
    return watched


def write_sample(environment: dict[str, str], landing: Path, *options: str) -> dict[str, Any]:
    """Write a sample; its rows, bytes, seconds and rows a second."""
    watched = bulletin(environment, "sample", str(landing), *options)
    rows = landed_rows(landing)
    sizes = landed_bytes(landing)
    return {
        "rows": rows,
        **sizes,
        **watched.whole.as_json(),
        "rows_per_second": round(rows / watched.whole.seconds),
    }


def landed_rows(landing: Path) -> int:
    """Rows of all files by their manifests."""
    manifests = [json.loads(path.read_text(encoding="utf-8")) for path in landing.glob("*/manifest.json")]
    return sum(file["rows"] for manifest in manifests for file in manifest["files"])


def landed_bytes(landing: Path) -> dict[str, int]:
    """Bytes of the landed data files, and of those among them that are Parquet."""
    files = [path for path in landing.glob("*/*") if path.is_file() and path.name != "manifest.json"]
    return {
        "landed_bytes": sum(path.stat().st_size for path in files),
        "landed_parquet_bytes": sum(path.stat().st_size for path in files if path.suffix == ".parquet"),
    }


def run(environment: dict[str, str], home: Path) -> ProductRun:
    """`bulletin run` of a home that has nothing but a landing folder."""
    watched = bulletin(environment, "run", "--home", str(home))
    spans = {line["stage"]: (line["ended"] - line["seconds"], line["ended"]) for line in stage_lines(home)}
    return ProductRun(
        whole=watched.whole,
        intake=watched.between(*spans["intake"]),
        model_to_bulletin=watched.between(spans["intake"][1], watched.ended),
        stages={name: watched.between(*spans[name]) for name in AFTER_INTAKE if name in spans},
    )


def stage_lines(home: Path) -> list[dict[str, Any]]:
    """What the runs of a home have logged about their stages."""
    text = (home / "logs" / "stages.jsonl").read_text(encoding="ascii")
    return [json.loads(line) for line in text.splitlines()]


def disk(home: Path) -> dict[str, int]:
    """Bytes of what a home keeps, the landing folder apart."""
    parts = ("raw", "quarantine", "warehouse.duckdb", "serving", "publication")
    return {part.split(".")[0]: size(home / part) for part in parts}


def size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
