"""Stopping at fail points, for the tests that do.

Belongs here: how a stop is made and how all points of a command are driven through. Does not belong here: expectations. A
test module names the steps it drives in constants that begin with DRIVES, and asserts that they were hit: a registry test
compares them with the steps in the code.
"""

from __future__ import annotations

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


def drive(command: Callable[[], object]) -> set[tuple[str, str]]:
    """Run a command until it gets through, stopping once at every point; returns the points that were hit."""
    hit: set[tuple[str, str]] = set()

    def stop_once(step: str, side: str) -> None:
        if (step, side) not in hit:
            hit.add((step, side))
            raise StoppedHere(f"{side} {step}")

    durable.set_hook(stop_once)
    try:
        for _ in range(MOST_RUNS):
            before = len(hit)
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
