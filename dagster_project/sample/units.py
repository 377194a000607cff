"""Units of work of a sample, each writing files of its own, run on two processes.

Belongs here: which units there are, and running them side by side. Does not belong here: rows, putting results together.

Numpy and the writing of columns hold Python's lock most of the time, so threads would not help. A unit is a name and a
number; each process makes the world anew from its few parameters, so that nothing else passes between processes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import parent_process
from pathlib import Path

from dagster_project.sample.files import WrittenFile, sha256_of
from dagster_project.sample.master_files import MasterTruth, write_groups, write_people, write_references
from dagster_project.sample.settlement_files import deliveries, write_delivery
from dagster_project.sample.settlement_truth import SettlementTruth
from dagster_project.sample.world import World, build_world

PROCESSES = 2
# Below this many settlements starting processes costs more than they bring.
_FEW_ROWS = 50_000
Unit = tuple[str, int]
_Parameters = tuple[int, float, tuple[int, ...], str, tuple[int, ...]]


@dataclass(frozen=True)
class UnitResult:
    """What a unit wrote, and its part of the truth."""

    written: list[WrittenFile]
    settlement: SettlementTruth | None = None
    master: MasterTruth | None = None


def units_of(world: World) -> list[Unit]:
    """All units, the longest first."""
    return [
        ("people", 0),
        *(("settlements", delivery) for delivery in deliveries(world)),
        ("references", 0),
        *(("groups", year) for year in world.years),
    ]


def run_units(
    world: World, landing: Path, on_progress: Callable[[str, int, int], None] | None
) -> dict[Unit, UnitResult]:
    """Run all units; `on_progress(what, done, total)` is called after each."""
    units = units_of(world)
    results: dict[Unit, UnitResult] = {}

    def note(unit: Unit, result: UnitResult) -> None:
        results[unit] = result
        if on_progress is not None:
            on_progress(_spoken(unit), len(results), len(units))

    processes = min(PROCESSES, os.cpu_count() or 1)
    if processes == 1 or sum(world.rows_of_month(month) for month in world.months) < _FEW_ROWS:
        for unit in units:
            note(unit, _run(world, landing, unit))
        return results
    parameters = (world.seed, world.scale, world.years, world.geography.province, world.line_months)
    with ProcessPoolExecutor(processes, initializer=_begin, initargs=(parameters, landing)) as pool:
        try:
            waiting = _submit(pool, units)
            for future in as_completed(waiting):
                note(waiting[future], future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return results


def _submit(pool: Executor, units: list[Unit]) -> dict[Future[UnitResult], Unit]:
    return {pool.submit(_run_here, unit): unit for unit in units}


_here: tuple[World, Path] | None = None


def _begin(parameters: _Parameters, landing: Path) -> None:
    """Set up a process; it must not outlive the one that started it."""
    global _here
    _here = (build_world(*parameters), landing)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run_here(unit: Unit) -> UnitResult:
    assert _here is not None
    return _run(*_here, unit)


def _run(world: World, landing: Path, unit: Unit) -> UnitResult:
    kind, number = unit
    if kind == "settlements":
        written, settlement = write_delivery(world, landing, number)
        return UnitResult(hashed(landing, written), settlement=settlement)
    master = MasterTruth()
    if kind == "people":
        written = write_people(world, landing, master)
    elif kind == "references":
        written = write_references(world, landing, master)
    else:
        written = [write_groups(world, landing, number)]
    return UnitResult(hashed(landing, written), master=master)


def hashed(landing: Path, written: list[WrittenFile]) -> list[WrittenFile]:
    """The files with their hashes: taken where they were written, while the others are at work."""
    return [replace(file, sha256=sha256_of(landing / file.batch / file.name)) for file in written]


def _spoken(unit: Unit) -> str:
    kind, number = unit
    if kind == "settlements":
        return f"settlements {number // 10}{' late' if number % 10 else ''}"
    return f"{kind} {number}" if number else kind
