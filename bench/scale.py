"""One scale: sample, product, product again, yardstick, narrow yardstick, one after the other, with little on the disk.

Belongs here: the order of the parts and what is deleted between them. Does not belong here: watching, deriving, writing.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import product
from bench.again import measure_again
from bench.compare import compare, take_headlines
from bench.machine import require_room
from bench.measure import Watched, watch
from dagster_project.settings import PROJECT_ROOT

YEAR = "2025"


def measure_scale(scale: float, work: Path, environment: dict[str, str], whole: bool = True) -> dict[str, Any]:
    """Measure one settlement year at a scale in an empty folder, which is empty again afterwards.

    Not `whole`: without running again and without the narrow yardstick, for who asks only the product beside the
    yardstick.
    """
    require_room(work, scale)
    home, headlines = work / "home", work / "headlines.duckdb"
    landing = home / "landing"
    sample = product.write_sample(environment, landing, "--scale", str(scale), "--years", YEAR)
    run = product.run(environment, home)
    sizes = product.disk(home)
    take_headlines(home / "warehouse.duckdb", headlines)
    again = measure_again(home, headlines, environment) if whole else None
    own = {
        "whole": run.whole.as_json(),
        "intake": run.intake.as_json(),
        "model_to_bulletin": run.model_to_bulletin.as_json(),
        "stages": {name: cost.as_json() for name, cost in run.stages.items()},
        "disk": sizes,
    }
    # An hour's work at the largest scale, which must not go with the yardstick if that fails.
    print(json.dumps({"scale": scale, "product": own, "again": again}), flush=True)
    for path in home.iterdir():
        if path != landing:
            _remove(path)
    database = work / "yardstick" / "yardstick.duckdb"
    yardstick = _yardstick(landing, database, environment)
    comparison = compare(headlines, database)
    yardstick_bytes = product.size(database.parent / "tables")
    _remove(database.parent)
    narrow = _yardstick(landing, database, environment, "--narrow") if whole else None
    for path in work.iterdir():
        _remove(path)
    return {
        "scale": scale,
        "rows": sample["rows"],
        "sample": sample,
        "product": own,
        "again": again,
        "yardstick": {**_sections(yardstick), "tables_bytes": yardstick_bytes},
        "narrow": _sections(narrow) if narrow else None,
        "comparison": {**asdict(comparison), "different": len(comparison.different)},
    }


def _yardstick(landing: Path, database: Path, environment: dict[str, str], *options: str) -> Watched:
    database.parent.mkdir()
    command = [sys.executable, "-m", "bench.yardstick", str(landing), str(database), *options]
    watched = watch(command, environment, PROJECT_ROOT)
    if watched.code != 0:
        raise RuntimeError(f"the yardstick ended with {watched.code}:\n{watched.output}")
    return watched


def _sections(watched: Watched) -> dict[str, Any]:
    """Cost of the whole process and of each section that its last line names."""
    timed = json.loads(watched.output.splitlines()[-1])
    costs = {part["stage"]: watched.between(part["ended"] - part["seconds"], part["ended"]) for part in timed}
    return {"whole": watched.whole.as_json()} | {name: cost.as_json() for name, cost in costs.items()}


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
