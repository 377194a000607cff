"""A whole run with the memory of a small machine: whether it finishes, and how many times longer it takes.

`python -m bench.little_memory` with BENCH_MEMORY (6, in GB), BENCH_SCALES (the last of them), BENCH_DIR and BENCH_NAME (the result of
`make bench` to compare with, of the same scale); writes bench/little_memory.json and the page. The engine gets half of that memory, as it would
by itself on such a machine; all processes together are to stay within the whole. Belongs here: that run. Does not belong here: the
yardstick, which at scale 1 needs 22 GB; the page.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import Any

from bench import machine, page, product
from bench.run import RESULTS, environment_of, scratch, tell, wanted_name, wanted_scales
from dagster_project.language import Text
from dagster_project.run import code_version

TARGET = Path(__file__).with_name("little_memory.json")
MOST_TIMES = 3


def measure(scale: float, gigabytes: float, full: dict[str, Any]) -> dict[str, Any]:
    """One `bulletin run` of a settlement year beside `full`, a result of `make bench` that has the scale.

    Raises UserError for a short disk before anything is written, RuntimeError when the run does not end well.
    """
    described = machine.describe()
    with scratch() as folder:
        work = folder / "work"
        work.mkdir()
        machine.require_room(work, scale)
        limit = f"{round(gigabytes * 500)}MB"
        environment = environment_of(work) | {"BULLETIN_MEMORY_LIMIT": limit}
        home = work / "home"
        sample = product.write_sample(environment, home / "landing", "--scale", str(scale), "--years", "2025")
        tell(Text(f"运行，引擎 {limit} ……", f"the run, {limit} for the engine ..."))
        run = product.run(environment, home)
    (beside,) = [one for one in full["scales"] if one["scale"] == scale]
    return {
        "day": date.today().isoformat(),
        "code": code_version(),
        "machine": described,
        "gigabytes": gigabytes,
        "limits": {"BULLETIN_MEMORY_LIMIT": limit},
        "scale": scale,
        "rows": sample["rows"],
        "whole": run.whole.as_json(),
        "stages": {"intake": run.intake.as_json()} | {name: cost.as_json() for name, cost in run.stages.items()},
        "full": {"name": full["name"], "day": full["day"], "code": full["code"], "whole": beside["product"]["whole"]},
        "times": round(run.whole.seconds / beside["product"]["whole"]["seconds"], 2),
    }


def main() -> int:
    """Measure and write; exit code 1 when it took more than three times as long or more memory than there is."""
    name = wanted_name(os.environ.get("BENCH_NAME") or "default")
    full = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    scale = wanted_scales(os.environ.get("BENCH_SCALES") or "0.1")[-1]
    result = measure(scale, float(os.environ.get("BENCH_MEMORY") or "6"), full)
    TARGET.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    page.write(RESULTS)
    peak = result["whole"]["peak_bytes"] / 1e9
    tell(
        Text(
            f"{result['gigabytes']:g} GB：{result['whole']['seconds']:.0f} 秒，内存峰值 {peak:.1f} GB，为不限内存时的 {result['times']} 倍",
            f"{result['gigabytes']:g} GB: {result['whole']['seconds']:.0f} s, peak {peak:.1f} GB, {result['times']} times as long",
        )
    )
    return 0 if result["times"] <= MOST_TIMES and peak <= result["gigabytes"] else 1


if __name__ == "__main__":
    sys.exit(main())
