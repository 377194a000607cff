"""Stopped right before and right after each durable step, the next run ends in the same numbers.

One home is driven through all its fail points: every run is stopped at the first point that has not been hit yet, the
next one goes on from there, until a run gets through.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dagster_project import durable
from dagster_project.bulletin import make_publication
from dagster_project.errors import ExitCode
from dagster_project.serving import publish_serving
from dagster_project.verbs import making
from dagster_project.verbs.guard import guarded
from tests.closed_disk import full_at
from tests.fail_points import both_sides, drive
from tests.fault.test_publication_faults import small_documents
from tests.rulings.landed import make_world
from tests.warehouse_api import build_home, settings_of, sorted_csv

CASES = ["test_stay_rulings"]
DRIVES_BUILD = (
    "run.begin", "run.finish", "run.models", "dictionary.commit", "ingest.make_key",
    "ingest.rename_raw", "ingest.commit_load", "ingest.record_file", "ingest.remove_work", "ingest.sweep_work",
    "ingest.sweep_orphan", "ingest.commit_versions", "ingest.mark_built", "run.forget_inputs", "run.note_inputs",
)  # fmt: skip
DRIVES_SERVING = ("serving.replace",)
DRIVES_MODELS = ("dbt.commit",)


def _world(home: Path) -> Path:
    home.mkdir()
    make_world(home, CASES)
    return home


def node() -> str:
    """The dbt node that is at work in this thread."""
    from dbt_common.events.contextvars import get_node_info

    return str(get_node_info()["node_name"])


@contextmanager
def nodes_committed() -> Iterator[list[str]]:
    """The models and seeds that dbt commits in a block, in their order."""
    passed: list[str] = []

    def note(step: str, side: str) -> None:
        if step in DRIVES_MODELS and side == "before":
            passed.append(node())

    durable.set_hook(note)
    try:
        yield passed
    finally:
        durable.set_hook(None)


def test_intake_models_and_serving_survive_a_stop_at_every_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reference, home = _world(tmp_path / "reference"), _world(tmp_path / "stopped")
    with nodes_committed() as committed:
        build_home(reference)
    chosen = {committed[0], committed[len(committed) // 2], committed[-1]}
    assert len(chosen) == 3 and len(set(committed)) == len(committed) > 60
    models = {f"dbt.commit {name}" for name in chosen}

    def name_of(step: str) -> str | None:
        return step if step not in DRIVES_MODELS else f"{step} {node()}" if node() in chosen else None

    expected = sorted_csv(reference / "warehouse.duckdb")
    hit = drive(lambda: build_home(home), name_of)
    steps = {step for step, _ in hit}
    assert steps >= set(DRIVES_BUILD) | models
    assert hit == both_sides(steps)
    assert sorted_csv(home / "warehouse.duckdb") == expected
    assert not list(home.rglob("*.tmp")), "a stopped run left temporary files that the next did not clear away"

    small_documents(monkeypatch)
    for folder in (reference, home):
        make_publication(settings_of(folder), 2024)
    publish_serving(settings_of(reference), "whole")
    assert drive(lambda: publish_serving(settings_of(home), "stopped")) == both_sides(DRIVES_SERVING)
    served = [folder / "serving" / "medical_insurance.duckdb" for folder in (reference, home)]
    assert sorted_csv(served[1], "indicator_value") == sorted_csv(served[0], "indicator_value")
    assert [path.name for path in served[1].parent.iterdir()] == [served[1].name]

    older = served[1].read_bytes()
    capsys.readouterr()
    with full_at(*DRIVES_SERVING):
        assert guarded(settings_of(home), lambda: making.serve(settings_of(home))) == ExitCode.BROKEN_INSTALLATION
    said = capsys.readouterr().err
    assert "The disk is full" in said and "make room" in said and served[1].read_bytes() == older
    assert making.serve(settings_of(home)) == ExitCode.DONE
    assert sorted_csv(served[1], "indicator_value") == sorted_csv(served[0], "indicator_value")


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
    assert {step for step, _ in hit} >= {"serving.replace", "publication.put_in_place"}
    assert hit == both_sides({step for step, _ in hit})
    assert sorted_csv(homes[1] / "warehouse.duckdb") == sorted_csv(homes[0] / "warehouse.duckdb")
