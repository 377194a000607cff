"""Writing the whole sample: batches, manifests, marker and truth.

Belongs here: the order of work, progress, manifests. Does not belong here: rows, running side by side (`units.py`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from dagster_project.durable import durable_step
from dagster_project.errors import UserError
from dagster_project.language import Text
from dagster_project.sample.calendar import as_date, month_span
from dagster_project.sample.files import WrittenFile
from dagster_project.sample.ledger import ledger_rows
from dagster_project.sample.master_files import MasterTruth, write_ledger
from dagster_project.sample.settlement_truth import SettlementTruth
from dagster_project.sample.spending import spending
from dagster_project.sample.truth_file import truth_content
from dagster_project.sample.units import hashed, run_units, units_of
from dagster_project.sample.world import World, build_world

_PARTIAL, _MARKER = ".partial", "synthetic.json"
DEFAULT_PROVINCE = "520000"  # Guizhou, which the calibration is of
NOTICE = "合成数据，不含真实个人信息 / synthetic data, no real person"
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class SampleReport:
    """What was written: rows of all files, bytes, seconds, and where the truth lies."""

    directory: Path
    truth: Path
    files: int
    rows: int
    bytes: int
    seconds: float


def write_sample(
    directory: Path | str,
    scale: float = 0.005,
    years: Iterable[int] = (2023, 2024, 2025),
    seed: int = 20240601,
    province: str = DEFAULT_PROVINCE,
    on_progress: Progress | None = None,
    line_months: tuple[int, ...] = (3,),
) -> SampleReport:
    """Write a synthetic province into `directory`, which must be empty, absent or an earlier sample.

    `scale` 1 is 41 million insured and 116 million settlements a year; `years` are consecutive; all charge lines are written
    for `line_months` of the last year only, those of some stays for every month. `on_progress(what, done, total)` is called after each unit of work. Raises
    UserError on a folder with other content, years with gaps, an unknown province or a scale that is not positive.
    """
    started = monotonic()
    landing = Path(directory)
    chosen = tuple(sorted(set(years)))
    _check(landing, scale, chosen)
    world = build_world(seed, scale, chosen, province, line_months)
    truth_path = (landing.parent if landing.name == "landing" else landing) / "truth.json"
    landing.mkdir(parents=True, exist_ok=True)
    _clear(landing, truth_path)
    # Written under a hidden name, moved when complete; the marker comes last, so whoever sees it sees a whole sample.
    partial = landing / _PARTIAL
    partial.mkdir()
    written, settlement, master = _write_all(world, partial, on_progress)
    spent = spending(world, settlement, master.allowance, master.care)
    book = ledger_rows(world, spent)
    written += hashed(partial, write_ledger(world, partial, book))
    size = _write_manifests(world, partial, written)
    with durable_step("sample.move"):
        for batch in sorted(partial.iterdir()):
            batch.rename(landing / batch.name)
        partial.rmdir()
    _write_json(truth_path, truth_content(world, written, settlement, master, spent, book), compact=True)
    _write_json(landing / _MARKER, {"synthetic": True, "notice": NOTICE})
    return SampleReport(
        directory=landing,
        truth=truth_path,
        files=len(written),
        rows=sum(file.rows for file in written),
        bytes=size,
        seconds=monotonic() - started,
    )


def _check(landing: Path, scale: float, years: tuple[int, ...]) -> None:
    if scale <= 0:
        raise UserError(Text(f"规模必须大于 0，现为 {scale}。", f"The scale must be above 0, not {scale}."))
    if not years or years != tuple(range(years[0], years[-1] + 1)) or not 1990 <= years[0] <= years[-1] <= 2090:
        raise UserError(
            Text("年份必须连续，例如 2023 2024 2025。", "Years must follow each other, such as 2023 2024 2025."),
            where=str(years),
        )
    if landing.exists() and not all(_is_ours(entry) for entry in landing.iterdir()):
        raise UserError(
            Text(
                "目标文件夹里有不是样本的文件，未写入。",
                "The folder holds files that are no sample; nothing was written.",
            ),
            where=str(landing),
            todo=Text("换一个空文件夹。", "Choose an empty folder."),
        )


def _is_ours(entry: Path) -> bool:
    """A part of an earlier sample, finished or not."""
    if entry.name in (_PARTIAL, _MARKER, "truth.json"):
        return True
    manifest = entry / "manifest.json"
    return manifest.exists() and json.loads(manifest.read_text(encoding="utf-8")).get("synthetic") is True


def _clear(landing: Path, truth_path: Path) -> None:
    """Remove an earlier sample; the marker goes first, so that half of one is never taken for a whole."""
    partial = landing / _PARTIAL
    with durable_step("sample.clear"):
        (landing / _MARKER).unlink(missing_ok=True)
        truth_path.unlink(missing_ok=True)
        if partial.exists():
            shutil.rmtree(partial)
        # Moved before they are deleted: a batch that has lost its manifest half-way could not be told from real files.
        partial.mkdir()
        for batch in landing.glob("b[0-9]*"):
            batch.rename(partial / batch.name)
        shutil.rmtree(partial)


def _write_all(
    world: World, landing: Path, on_progress: Progress | None
) -> tuple[list[WrittenFile], SettlementTruth, MasterTruth]:
    """Run all units of work; results are put together in a fixed order."""
    results = run_units(world, landing, on_progress)
    written: list[WrittenFile] = []
    settlement, master = SettlementTruth(), MasterTruth()
    for unit in units_of(world):
        result = results[unit]
        written += result.written
        if result.settlement is not None:
            settlement.absorb(result.settlement)
        if result.master is not None:
            master.absorb(result.master)
    settlement.merge()
    return written, settlement, master


def _write_manifests(world: World, landing: Path, written: list[WrittenFile]) -> int:
    """A manifest a batch, with rows and hashes; returns the bytes of all data files."""
    size = 0
    for batch in sorted({file.batch for file in written}):
        month = int(batch[1:7])
        delay = 4 if batch.endswith("_late") else 9 if batch.endswith("_master") else 2
        extracted = as_date(month_span(month)[1] + delay).isoformat() + "T20:00:00"
        files = []
        for file in sorted((f for f in written if f.batch == batch), key=lambda f: f.name):
            path = landing / batch / file.name
            size += path.stat().st_size
            files.append({"file": file.name, "rows": file.rows, "sha256": file.sha256})
        content = {
            "batch": batch,
            "synthetic": True,
            "province": world.geography.province,
            "extracted_at": extracted,
            "delivery": "increment",
            "files": files,
        }
        _write_json(landing / batch / "manifest.json", content)
    return size


def _write_json(path: Path, content: dict[str, Any], compact: bool = False) -> None:
    text = (
        json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        if compact
        else json.dumps(content, ensure_ascii=False, indent=1)
    )
    path.write_text(text + "\n", encoding="utf-8")
