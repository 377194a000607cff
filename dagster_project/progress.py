"""How far a run is, for whoever looks: the stages in order, their share of a run's time, and one reporter.

Belongs here: the list of stages, measuring them, remembering the seconds of the last whole run. Does not belong here:
drawing on a terminal (`terminal.py`), deciding what a stage does (`assets/`).
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from dagster_project.durable import durable_step
from dagster_project.language import Text
from dagster_project.settings import Settings

STAGES: dict[str, Text] = {
    "start": Text("启动", "Start"),
    "landing": Text("接收与入库", "Landing"),
    "landing_checks": Text("入库检查", "Landing checks"),
    "definitions": Text("口径与指标字典", "Definitions"),
    "core": Text("核心事实表", "Core facts"),
    "core_checks": Text("核心检查", "Core checks"),
    "indicator": Text("汇总与指标", "Cubes and indicators"),
    "indicator_checks": Text("指标检查", "Indicator checks"),
    "publication": Text("披露控制与公报文件", "Disclosure control and documents"),
    "publication_checks": Text("出版检查", "Publication checks"),
    "serving": Text("对外数据库", "Serving database"),
}
# Seconds of the sample on two cores; replaced by the home's own after its first whole run.
FIRST_SECONDS = {
    "start": 5.0,
    "landing": 8.0,
    "landing_checks": 2.0,
    "definitions": 0.5,
    "core": 8.0,
    "core_checks": 1.0,
    "indicator": 6.0,
    "indicator_checks": 1.0,
    "publication": 8.0,
    "publication_checks": 1.0,
    "serving": 1.0,
}


class Reporter(Protocol):
    """Somebody who wants to know; the terminal of the command line is one."""

    def started(self, stage: str) -> None: ...

    def advanced(self, stage: str, fraction: float, detail: str) -> None: ...

    def finished(self, stage: str, seconds: float, detail: str) -> None: ...


_reporter: Reporter | None = None
_log_lock = threading.Lock()
_current: list[str] = []
_detail: dict[str, Text | str] = {}
_passed_over: set[str] = set()


def set_reporter(reporter: Reporter | None) -> None:
    """Install the one reporter of this process; None removes it."""
    global _reporter
    _reporter = reporter


def advance(fraction: float, detail: str = "") -> None:
    """Tell how much of the running stage is done (0 to 1) and what it is at."""
    if _reporter is not None and _current:
        _reporter.advanced(_current[-1], max(0.0, min(1.0, fraction)), detail)


def conclude(detail: Text | str) -> None:
    """The sentence with which the running stage ends, such as its row count."""
    if _current:
        _detail[_current[-1]] = detail


def pass_over(detail: Text | str) -> None:
    """The running stage had nothing to do: the sentence that says so; its seconds tell nothing about the next run."""
    conclude(detail)
    if _current:
        _passed_over.add(_current[-1])


@contextmanager
def stage(settings: Settings, name: str) -> Iterator[None]:
    """Run one stage: tells the reporter, measures the seconds and remembers them for the next run."""
    _current.append(name)
    if _reporter is not None:
        _reporter.started(name)
    begun = time.monotonic()
    try:
        yield
    finally:
        _current.pop()
    seconds = time.monotonic() - begun
    if name in _passed_over:
        _passed_over.discard(name)
    else:
        remember(settings, name, seconds)
    log(settings, name, seconds)
    if _reporter is not None:
        detail = _detail.pop(name, "")
        _reporter.finished(
            name, seconds, str(detail) if isinstance(detail, str) else detail.in_language(settings.language)
        )


def log(settings: Settings, name: str, seconds: float) -> None:
    """One line about work that has just ended to HOME/logs/stages.jsonl, for programs that ask where the time went.

    `ended` are seconds of the epoch. Stages follow each other; `intake` is the work that the stage `landing` waits for,
    which a run begins earlier and does beside its start.
    """
    path = settings.home / "logs" / "stages.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    line = {"process": os.getpid(), "stage": name, "ended": round(time.time(), 3), "seconds": round(seconds, 3)}
    with _log_lock, path.open("a", encoding="ascii") as stream:
        stream.write(json.dumps(line) + "\n")


def remember(settings: Settings, name: str, seconds: float) -> None:
    """Keep the seconds of a stage for the estimate of the next run."""
    known = expected_seconds(settings)
    known[name] = round(seconds, 2)
    path = settings.home / "logs" / "stage_seconds.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(known, indent=1), encoding="ascii")
    with durable_step("progress.seconds"):
        temporary.replace(path)


def expected_seconds(settings: Settings) -> dict[str, float]:
    """Seconds that each stage took last time in this home, or on the sample when there was no last time."""
    path = settings.home / "logs" / "stage_seconds.json"
    known = dict(FIRST_SECONDS)
    try:
        stored = json.loads(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return known
    known.update({name: float(value) for name, value in stored.items() if name in STAGES})
    return known


def seconds_left(expected: dict[str, float], stage_name: str, fraction: float, spent: float) -> float:
    """Estimated seconds to the end, scaled by how fast this run is against the last one.

    `spent` are the seconds since the start; `fraction` is the done part of `stage_name`.
    """
    names = list(STAGES)
    place = names.index(stage_name)
    done = sum(expected[name] for name in names[:place]) + expected[stage_name] * fraction
    total = sum(expected.values())
    if done <= 0:
        return total
    pace = min(10.0, max(0.2, spent / done)) if done > total * 0.1 else 1.0
    return max(0.0, (total - done) * pace)
