"""`make bench`: measures the scales, the file formats and `make bulletin`, writes the result and its page.

Belongs here: options, the scratch folder, the order of the whole. Does not belong here: the parts.

Environment: BENCH_SCALES ("0.01 0.1"), BENCH_DIR (data/bench), BENCH_NAME (default), BULLETIN_THREADS,
BULLETIN_MEMORY_LIMIT (both for product and yardstick).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from bench import formats, machine, page, product
from bench.derive import derived, summary_lines
from bench.scale import measure_scale
from dagster_project.errors import UserError
from dagster_project.language import Text
from dagster_project.run import code_version
from dagster_project.settings import PROJECT_ROOT

RESULTS = Path(__file__).with_name("results")
TINY = 0.0005  # what a run costs before the rows begin to matter
LIMITS = ("BULLETIN_THREADS", "BULLETIN_MEMORY_LIMIT")
_MARKER = "scratch-of-make-bench"


@contextmanager
def scratch() -> Iterator[Path]:
    """An empty folder of ours below BENCH_DIR, removed afterwards whatever happens."""
    work = Path(os.environ.get("BENCH_DIR") or PROJECT_ROOT / "data" / "bench").resolve() / _MARKER
    if work.exists():  # left by a bench that was killed; the name is nobody else's
        shutil.rmtree(work)
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work)


def environment_of(work: Path) -> dict[str, str]:
    """What the measured processes see: a key of their own, nothing of the user's home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BULLETIN_")}
    limits = {name: os.environ[name] for name in LIMITS if name in os.environ}
    key = work.parent / "pseudonym.key"
    key.write_bytes(bytes(range(32)))  # invented people need no secret
    return kept | limits | {"BULLETIN_KEY_FILE": str(key), "BULLETIN_LANG": "en"}


def measure(scales: list[float], name: str) -> Iterator[dict[str, Any]]:
    """The result after each scale, so that an hour's work is not lost when a later part fails.

    Raises UserError for a short disk before anything is measured, RuntimeError when a measured command fails.
    """
    described = machine.describe()
    with scratch() as folder:
        work = folder / "work"
        work.mkdir()
        environment = environment_of(work)
        machine.require_room(work, max(scales))
        tell(Text("make bulletin ……", "make bulletin ..."))
        result: dict[str, Any] = {
            "name": name,
            "day": date.today().isoformat(),
            "code": code_version(),
            "machine": described,
            "limits": {key: environment[key] for key in LIMITS if key in environment},
            "make_bulletin": make_bulletin(work, environment),
        }
        tell(Text("文件格式 ……", "file formats ..."))
        result["formats"] = formats.measure(work, environment)
        result["scales"] = []
        for scale in [TINY, *scales]:
            tell(Text(f"规模 {scale}：样本、产品、标尺 ……", f"scale {scale}: sample, product, yardstick ..."))
            result["scales"].append(measure_scale(scale, work, environment))
            if scale != TINY:
                yield result | {"derived": derived(result)}


def make_bulletin(work: Path, environment: dict[str, str]) -> dict[str, float]:
    """What `make bulletin` does once the environment stands: the default sample and its run."""
    home = work / "home"
    sample = product.write_sample(environment, home / "landing")
    run = product.run(environment, home)
    shutil.rmtree(home)
    return {
        "rows": sample["rows"],
        "sample_seconds": sample["seconds"],
        "sample_rows_per_second": sample["rows_per_second"],
        "run_seconds": round(run.whole.seconds, 2),
        "seconds": round(sample["seconds"] + run.whole.seconds, 2),
    }


def wanted_scales(text: str) -> list[float]:
    """Scales in ascending order. Raises UserError (exit 2) for what is none."""
    try:
        scales = sorted({float(word) for word in text.replace(",", " ").split()})
    except ValueError:
        scales = []
    if not scales or not all(TINY < scale <= 1 for scale in scales):
        raise UserError(
            Text(f"BENCH_SCALES 无法识别：{text}", f"BENCH_SCALES is no list of scales: {text}"),
            where="BENCH_SCALES",
            todo=Text(
                f"给出 {TINY} 与 1 之间的数，如 “0.01 0.1”。", f"Give numbers above {TINY} up to 1, as in '0.01 0.1'."
            ),
        )
    return scales


def wanted_name(text: str) -> str:
    """Name of the result. Raises UserError (exit 2) when it could not be a file's name."""
    if re.fullmatch("[a-z0-9_]{1,40}", text):
        return text
    raise UserError(
        Text(f"BENCH_NAME 只能用小写字母、数字和下划线：{text}", f"BENCH_NAME takes a-z, 0-9 and _: {text}"),
        where="BENCH_NAME",
    )


def tell(text: Text) -> None:
    """One line for whoever waits."""
    print(text, flush=True)


def main() -> int:
    """Measure, write results/<name>.json and the page after each scale, print the summary.

    Exit code 0, 1 when product and yardstick do not have the same numbers, 2 for a mistake of the user, 3 when a measured
    command failed.
    """
    try:
        name = wanted_name(os.environ.get("BENCH_NAME") or "default")
        target = RESULTS / f"{name}.json"
        RESULTS.mkdir(exist_ok=True)
        for result in measure(wanted_scales(os.environ.get("BENCH_SCALES") or "0.01 0.1"), name):
            target.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            page.write(RESULTS)
    except UserError as error:
        print(error.message("zh"), error.message("en"), sep="\n", file=sys.stderr)
        return int(error.code)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 3
    for line in summary_lines(result):
        tell(line)
    where = target.relative_to(PROJECT_ROOT)
    tell(Text(f"结果：{where}；页面：docs/bench.md", f"result: {where}, page: docs/bench.md"))
    return 1 if any(scale["comparison"]["different"] for scale in result["scales"]) else 0


if __name__ == "__main__":
    sys.exit(main())
