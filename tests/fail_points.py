"""Stopping at fail points, for the tests that do.

Belongs here: how a stop is made and how all points of a command are driven through. Does not belong here: expectations. A
test module names the steps it drives in constants that begin with DRIVES, and asserts that they were hit: a registry test
compares them with the steps in the code.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from dagster_project import durable

SIDES = ("before", "after")
MOST_RUNS = 400


class Killed(BaseException):
    """Stands for the end of the process: nothing may catch it."""


class StoppedHere(Exception):
    """Stands for a kill where the step runs inside dbt or Dagster, which let only exceptions through."""


def both_sides(steps: Iterable[str]) -> set[tuple[str, str]]:
    """The points of some steps."""
    return {(step, side) for step in steps for side in SIDES}


def kill_at(step: str, side: str, command: Callable[[], object]) -> None:
    """Run a command that is stopped the first time it reaches a point; fails when it never gets there."""
    hits = []

    def stop(name: str, moment: str) -> None:
        if (name, moment) == (step, side) and not hits:
            hits.append(name)
            raise Killed

    durable.set_hook(stop)
    try:
        command()
    except BaseException:
        # Tidying up, which a killed process does not do, may have put another exception in the place of ours.
        if not hits:
            raise
    finally:
        durable.set_hook(None)
    assert hits, f"{side} {step} was never reached"


def itself(step: str) -> str:
    """A step under its own name."""
    return step


def drive(command: Callable[[], object], name_of: Callable[[str], str | None] = itself) -> set[tuple[str, str]]:
    """Run a command until it gets through, stopping once at every point; returns the points that were hit.

    From a stop on no other step gets done either, as in a process that is gone. `name_of` tells under which name a step that is
    passed many times counts; None for one that is not stopped at.
    """
    hit: set[tuple[str, str]] = set()
    stopped = threading.Event()

    def stop_once(step: str, side: str) -> None:
        if stopped.is_set():
            raise StoppedHere(f"{side} {step}, after the stop")
        name = name_of(step)
        if name is not None and (name, side) not in hit:
            hit.add((name, side))
            stopped.set()
            raise StoppedHere(f"{side} {name}")

    durable.set_hook(stop_once)
    try:
        for _ in range(MOST_RUNS):
            before = len(hit)
            stopped.clear()
            try:
                command()
            except Exception:
                # A stop may come wrapped by dbt or Dagster; anything else would hit no new point and must be seen.
                if len(hit) == before:
                    raise
                continue
            if len(hit) == before:
                return hit
    finally:
        durable.set_hook(None)
    raise AssertionError(f"no run got through after {MOST_RUNS} runs")
