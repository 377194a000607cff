"""How far a run is, for whoever looks: the stages in order, what they took, and one reporter.

Belongs here: the list of stages, measuring them, remembering what they took for the next run. Does not belong here:
estimating (`time_left.py`), drawing on a terminal (`terminal.py`), deciding what a stage does (`assets/`).
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

from dagster_project.durable import durable_step
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.time_left import COSTS, Measured, Work

STAGE_SECONDS, NODE_SECONDS = "stage_seconds.json", "node_seconds.json"
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


class Reporter:
    """Somebody who wants to know; the terminal of the command line is one. What is not overridden interests nobody."""

    def expected(self, work: Work) -> None:
        """What the run has in front of it, as far as that is known by now."""

    def planned(self, stage: str, share: float) -> None:
        """Only a part of a stage is to be done: the rest stands as an earlier run left it."""

    def started(self, stage: str) -> None:
        """A stage begins."""

    def advanced(self, stage: str, fraction: float, detail: str) -> None:
        """So much of a stage is done (0 to 1), and this is what it is at."""

    def finished(self, stage: str, seconds: float, detail: str) -> None:
        """A stage is over, and this is what it came to."""


_reporter: Reporter | None = None
_log_lock = threading.Lock()
_current: list[str] = []
_detail: dict[str, Text | str] = {}
_passed_over: set[str] = set()
_own_seconds: dict[str, float] = {}
_work = Work()
_run_begun: float | None = None


def set_reporter(reporter: Reporter | None) -> None:
    """Install the one reporter of this process; None removes it."""
    global _reporter
    _reporter = reporter


def begin() -> None:
    """A run begins now: what passes until its first stage is the stage `start`."""
    global _work, _run_begun
    _work, _run_begun = Work(), time.monotonic()
    _own_seconds.clear()


def expect(work: Work) -> None:
    """Tell what the run has in front of it; again as soon as more is known."""
    global _work
    _work = work
    if _reporter is not None:
        _reporter.expected(work)


def plan(share: float) -> None:
    """Tell that only a part of the running stage is to be done."""
    if _reporter is not None and _current:
        _reporter.planned(_current[-1], share)


def advance(fraction: float, detail: str = "", stage_name: str | None = None) -> None:
    """Tell how much of a stage is done (0 to 1) and what it is at: of the running one, or of one that works beside it."""
    name = stage_name or (_current[-1] if _current else None)
    if _reporter is not None and name is not None:
        _reporter.advanced(name, max(0.0, min(1.0, fraction)), detail)


def took(name: str, seconds: float) -> None:
    """The seconds of a stage whose work began before the run came to it: these count, not those that were waited."""
    _own_seconds[name] = seconds


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
    global _run_begun
    if _run_begun is not None:
        seconds = time.monotonic() - _run_begun
        _run_begun = None
        remember(settings, "start", seconds, COSTS["start"].rows(_work))
        if _reporter is not None:
            _reporter.finished("start", seconds, "")
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
        remember(settings, name, _own_seconds.get(name, seconds), COSTS[name].rows(_work))
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


def remember(settings: Settings, name: str, seconds: float, rows: float = 0.0) -> None:
    """Keep what a stage took, and for how many rows, for the estimate of the next run."""
    known = {stage_name: asdict(one) for stage_name, one in measured(settings).items()}
    known[name] = {"seconds": round(seconds, 2), "rows": round(rows)}
    _write(settings, STAGE_SECONDS, known)


def measured(settings: Settings) -> dict[str, Measured]:
    """What each stage took last time in this home; nothing before the first."""
    found = {}
    for name, told in _read(settings, STAGE_SECONDS).items():
        with suppress(AttributeError, KeyError, TypeError, ValueError):  # written by another version, or by hand
            if name in STAGES:
                found[name] = Measured(float(told["seconds"]), float(told["rows"]))
    return found


def remember_nodes(settings: Settings, seconds: Mapping[str, float]) -> None:
    """Keep the seconds of models and tests, by unique id, as their weights in the next build."""
    _write(settings, NODE_SECONDS, _read(settings, NODE_SECONDS) | {name: round(s, 3) for name, s in seconds.items()})


def node_seconds(settings: Settings) -> dict[str, float]:
    """Seconds of models and tests when this home last built them."""
    return {name: float(s) for name, s in _read(settings, NODE_SECONDS).items() if isinstance(s, int | float)}


def _read(settings: Settings, name: str) -> dict[str, Any]:
    try:
        told = json.loads((settings.home / "logs" / name).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _write(settings: Settings, name: str, told: Mapping[str, Any]) -> None:
    path = settings.home / "logs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(told, indent=1), encoding="ascii")
    with durable_step("progress.seconds"):
        temporary.replace(path)
