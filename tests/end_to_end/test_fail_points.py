"""Stopped right before and right after each durable step, the next run ends in the same numbers.

One home is driven through all its fail points: every run is stopped at the first point that has not been hit yet, the
next one goes on from there, until a run gets through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dagster_project import durable
from tests.rulings.landed import make_world
from tests.warehouse_api import build_home, settings_of, sorted_csv

CASES = ["test_stay_rulings"]
MOST_RUNS = 400


class StoppedHere(Exception):
    """Stands for a kill."""


@pytest.fixture(autouse=True)
def _no_hook_left() -> Iterator[None]:
    yield
    durable.set_hook(None)


def drive(run: Callable[[], object]) -> set[tuple[str, str]]:
    """Run until a run gets through, stopping at every point once; returns the points that were hit."""
    hit: set[tuple[str, str]] = set()

    def stop_once(step: str, side: str) -> None:
        if (step, side) not in hit:
            hit.add((step, side))
            raise StoppedHere(f"{side} {step}")

    durable.set_hook(stop_once)
    for _ in range(MOST_RUNS):
        before = len(hit)
        try:
            run()
        except Exception:
            # A stop may come wrapped by dbt or Dagster; anything else would hit no new point and must be seen.
            if len(hit) == before:
                raise
            continue
        if len(hit) == before:
            return hit
    raise AssertionError(f"no run got through after {MOST_RUNS} runs")


def _reference(tmp_path: Path) -> str:
    home = tmp_path / "reference"
    home.mkdir()
    make_world(home, CASES)
    build_home(home)
    return sorted_csv(home / "warehouse.duckdb")


def test_intake_and_models_survive_a_stop_at_every_step(tmp_path: Path) -> None:
    expected = _reference(tmp_path)
    home = tmp_path / "stopped"
    home.mkdir()
    make_world(home, CASES)
    hit = drive(lambda: build_home(home))
    steps = {step for step, _ in hit}
    assert len(steps) >= 3
    assert hit == {(step, side) for step in steps for side in ("before", "after")}
    assert sorted_csv(home / "warehouse.duckdb") == expected
    assert not list(home.rglob("*.tmp")), "a stopped run left temporary files that the next did not clear away"


@pytest.mark.long
def test_the_whole_job_survives_a_stop_at_every_step(tmp_path: Path) -> None:
    """From landing to documents and the served database, on a small sample whose checks pass."""
    from dagster_project.assets.execute import execute
    from dagster_project.sample import write_sample

    homes = [tmp_path / "reference", tmp_path / "stopped"]
    for home in homes:
        write_sample(home / "landing", scale=0.0002, years=(2025,))

    def run(home: Path) -> None:
        done = execute(settings_of(home), "bulletin", [], False, "test")
        if done.error is not None:
            raise done.error
        assert done.success

    run(homes[0])
    hit = drive(lambda: run(homes[1]))
    assert {"serving.replace", "publication.put_in_place"} & {step for step, _ in hit}
    assert hit == {(step, side) for step, _ in hit for side in ("before", "after")}
    assert sorted_csv(homes[1] / "warehouse.duckdb") == sorted_csv(homes[0] / "warehouse.duckdb")
