"""Thirty real kills (SIGKILL) of `bulletin run`, most of them amid a write: the same numbers as a run that nobody disturbed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from dagster import DagsterInstance, DagsterRunStatus

from dagster_project.sample import write_sample
from tests.rulings.landed import make_world
from tests.state import differences, tables
from tests.warehouse_api import FIXED_NOW

KILLS = 30
ROOT = Path(__file__).resolve().parents[2]


def run(home: Path, key: Path, step: int | str, delay: float = 0) -> subprocess.CompletedProcess[str]:
    """`bulletin run`, killed some milliseconds after it has begun a durable step, by its name or number; 0: not killed."""
    environment = os.environ | {"BULLETIN_NOW": FIXED_NOW, "BULLETIN_LANG": "en", "BULLETIN_KEY_FILE": str(key)}
    words = [sys.executable, "-m", "tests.killed_command", str(step), str(delay), "run", "--home", str(home)]
    return subprocess.run(words, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def land(sample: Path, home: Path, batches: list[str]) -> None:
    """Bring batches of a sample to a home's landing folder."""
    for batch in batches:
        shutil.copytree(sample / batch, home / "landing" / batch)


def test_the_next_run_does_not_wait_for_a_killed_one(tmp_path: Path) -> None:
    """A run killed inside a step of Dagster has a place in the pool of writers, which nobody gives back for it."""
    home, key = tmp_path / "home", tmp_path / "key"
    home.mkdir()
    make_world(home, ["test_stay_rulings"])
    killed = run(home, key, step="dictionary.commit")
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    with DagsterInstance.from_config(str(home / "dagster")) as instance:
        assert [found.status for found in instance.get_runs()] == [DagsterRunStatus.STARTED]
        assert instance.event_log_storage.get_concurrency_info("duckdb_writer").active_slot_count == 1
    following = run(home, key, step=0)
    assert "durable steps:" in following.stdout, following.stdout + following.stderr
    with DagsterInstance.from_config(str(home / "dagster")) as instance:
        assert instance.get_runs()[-1].status == DagsterRunStatus.FAILURE
        assert instance.event_log_storage.get_concurrency_info("duckdb_writer").active_slot_count == 0


@pytest.mark.long
def test_thirty_kills_lose_nothing(tmp_path: Path) -> None:
    draw, key = Random(20251122), tmp_path / "key"
    sample, whole, killed = tmp_path / "sample", tmp_path / "whole", tmp_path / "killed"
    write_sample(sample, scale=0.0002, years=(2024, 2025))
    batches = sorted(path.name for path in sample.iterdir() if path.is_dir())
    marks = [path for path in sample.iterdir() if path.is_file()]
    for home in (whole, killed):
        (home / "landing").mkdir(parents=True)
        for mark in marks:
            shutil.copy(mark, home / "landing")
    land(sample, whole, batches)
    undisturbed = run(whole, key, step=0)
    assert "durable steps:" in undisturbed.stdout, undisturbed.stdout + undisturbed.stderr
    expected = tables(whole / "warehouse.duckdb")

    # A batch or two a time, so that every run has files to take in, months to build and documents to write.
    waiting, hit, begun = list(batches), 0, 0
    while hit < KILLS:
        assert begun < 3 * KILLS, f"only {hit} kills"
        more, waiting = waiting[:2], waiting[2:]
        land(sample, killed, more)
        # Two thirds amid the write of a step, some right before one. Steps that a short run does not reach kill nobody.
        delay = draw.choice([0, draw.uniform(0, 5), draw.uniform(5, 40)])
        ended = run(killed, key, step=draw.randint(1, 60), delay=delay)
        begun += 1
        hit += ended.returncode == -signal.SIGKILL
        assert ended.returncode in (-signal.SIGKILL, 0, 1), ended.stdout + ended.stderr
        assert "Traceback" not in ended.stdout + ended.stderr
    land(sample, killed, waiting)
    last = run(killed, key, step=0)
    assert last.returncode == undisturbed.returncode, last.stdout + last.stderr
    assert differences(tables(killed / "warehouse.duckdb"), expected) == []
    assert not list(killed.rglob("*.tmp"))
    assert not list(killed.rglob(".incoming-*"))
