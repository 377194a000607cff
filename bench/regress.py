"""The small regression bench: one run at scale 0.01 against the committed baseline, by ratios only.

Every part of the product is divided by the yardstick's whole of the same run, in processor seconds (peak memory and bytes
written by theirs), so that a slower machine or a busy one changes both sides. A part fails when its ratio exceeds the
baseline's by more than the margin. Belongs here: ratios, comparing, renewing. Does not belong here: measuring.

`python -m bench.regress` prints the ratios beside the baseline; with `--renew` it writes them as the new baseline, which
is right after a change that was meant, on a machine that does nothing else.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from bench.run import environment_of, scratch
from bench.scale import measure_scale

BASELINE = Path(__file__).with_name("baseline.json")
SCALE = 0.01
MARGIN = 1.3  # two runs of one version on a busy machine differed by a tenth, small parts by a fifth
FLOOR = 0.1  # of the yardstick: parts below it are a second or less, which a pause of the machine doubles


def measure() -> dict[str, float]:
    """Ratios of one run at scale 0.01. Raises AssertionError when product and yardstick do not have the same numbers."""
    with scratch() as folder:
        work = folder / "work"
        work.mkdir()
        measured = measure_scale(SCALE, work, environment_of(work), whole=False)
    assert measured["comparison"]["different"] == 0, "the yardstick has other numbers than the product"
    return ratios(measured)


def ratios(measured: dict[str, Any]) -> dict[str, float]:
    """Each part of the product over the yardstick's whole."""
    ours, theirs = measured["product"], measured["yardstick"]["whole"]
    parts = {"whole": ours["whole"], "intake": ours["intake"], "model_to_bulletin": ours["model_to_bulletin"]}
    found = {
        name: cost["processor_seconds"] / theirs["processor_seconds"]
        for name, cost in {**parts, **ours["stages"]}.items()
    }
    found["peak_memory"] = ours["whole"]["peak_bytes"] / theirs["peak_bytes"]
    found["written"] = ours["whole"]["written_bytes"] / theirs["written_bytes"]
    return {name: round(ratio, 3) for name, ratio in found.items()}


def baseline() -> dict[str, float]:
    """The committed ratios."""
    content: dict[str, float] = json.loads(BASELINE.read_text(encoding="utf-8"))["ratios"]
    return content


def worse(found: dict[str, float], before: dict[str, float]) -> list[str]:
    """Parts beyond the margin, in words; a part that the baseline does not know is one of them."""
    lines = []
    for name, ratio in found.items():
        if name not in before:
            lines.append(f"{name}: not in the baseline; renew it (python -m bench.regress --renew)")
        elif ratio > max(before[name], FLOOR) * MARGIN:
            lines.append(f"{name}: {ratio} of the yardstick, {before[name]} in the baseline (margin x{MARGIN})")
    return lines


def main() -> int:
    """Measure and print, or renew; exit code 1 beyond the margin."""
    found = measure()
    if "--renew" in sys.argv[1:]:
        content = {"scale": SCALE, "margin": MARGIN, "floor": FLOOR, "ratios": found}
        BASELINE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        return 0
    before = baseline()
    for name, ratio in found.items():
        print(f"{name:20} {ratio:8.3f} {before.get(name, float('nan')):8.3f}")
    beyond = worse(found, before)
    print("\n".join(beyond))
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main())
