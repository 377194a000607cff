"""Thirty real kills (SIGKILL) of `bulletin run`, and a handful of `freeze` and `restore`: the same state as undisturbed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from random import Random

import pytest
from dagster import DagsterInstance, DagsterRunStatus

from dagster_project.sample import write_sample
from tests.fault.test_command_faults import contents
from tests.rulings.landed import make_world
from tests.state import differences, tables
from tests.warehouse_api import FIXED_NOW

KILLS = 30
KILLS_OF_A_VERB = 4
ROOT = Path(__file__).resolve().parents[2]


def run(home: Path, key: Path, step: int | str, delay: float = 0) -> subprocess.CompletedProcess[str]:
    """`bulletin run`, killed some milliseconds after it has begun a durable step, by its name or number; 0: not killed."""
    return command(home, key, step, ["run"], delay)


def command(
    home: Path, key: Path, step: int | str, verb: list[str], delay: float = 0
) -> subprocess.CompletedProcess[str]:
    """As `run`, for any verb."""
    environment = os.environ | {"BULLETIN_NOW": FIXED_NOW, "BULLETIN_LANG": "en", "BULLETIN_KEY_FILE": str(key)}
    words = [sys.executable, "-m", "tests.killed_command", str(step), str(delay), *verb, "--home", str(home)]
    return subprocess.run(words, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def land(sample: Path, home: Path, batches: list[str]) -> None:
    """Bring batches of a sample to a home's landing folder."""
    for batch in batches:
        shutil.copytree(sample / batch, home / "landing" / batch)


@pytest.mark.long
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
        # Two thirds amid the write of a step, some right before one, a third at the commit of a model. Steps that a run does not
        # reach kill nobody, so once everything has landed each run has all models to build.
        delay = draw.choice([0, draw.uniform(0, 5), draw.uniform(5, 40)])
        step = draw.choice([draw.randint(1, 60), draw.randint(1, 60), f"dbt.commit#{draw.randint(1, 75)}"])
        ended = command(killed, key, step, ["run"] if more else ["run", "--full-refresh"], delay)
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


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that a run has come to the end of, its key beside it."""
    home = tmp_path_factory.mktemp("verbs") / "home"
    write_sample(home / "landing", scale=0.0005, years=(2024, 2025))
    done = run(home, home.parent / "key", step=0)
    assert "durable steps:" in done.stdout, done.stdout + done.stderr
    return home


# The verb, and what completes it once a part of it has been done; {made} is a backup of the home.
VERBS = [
    (["freeze", "--year", "2025", "--kind", "quick_report"], ["serve"]),
    (["restore", "{made}"], ["verify"]),
]


@pytest.mark.long
@pytest.mark.parametrize(("words", "completing"), VERBS, ids=lambda words: words[0])
def test_kills_of_other_verbs_lose_nothing(
    whole: Path, tmp_path: Path, words: list[str], completing: list[str]
) -> None:
    draw, key = Random(f"{words[0]} 20251122"), whole.parent / "key"
    made = ""
    if words[0] == "restore":
        told = command(whole, key, 0, ["backup", str(tmp_path / "disk")])
        (made,) = map(str, (tmp_path / "disk").iterdir())
        assert "durable steps:" in told.stdout, told.stdout + told.stderr
    verb = [word.format(made=made) for word in words]

    def home(name: str) -> Path:
        place = tmp_path / name
        return place if words[0] == "restore" else Path(shutil.copytree(whole, place, symlinks=True))

    undisturbed = home("undisturbed")
    done = command(undisturbed, key, 0, verb)
    steps = int(re.findall(r"durable steps: (\d+)", done.stdout)[0])
    assert done.returncode in (0, 1), done.stdout + done.stderr
    command(undisturbed, key, 0, completing)
    expected, killed, hit = tables(undisturbed / "warehouse.duckdb"), home("killed"), 0
    ended = partial(command, killed, key)
    for _ in range(KILLS_OF_A_VERB):
        last = ended(draw.randint(1, steps), verb, draw.choice([0, draw.uniform(0, 5), draw.uniform(5, 40)]))
        assert "Traceback" not in last.stdout + last.stderr
        hit += last.returncode == -signal.SIGKILL
    # A verb that a kill has left done says so when it is called again; what follows from it is completed by another one.
    for again in (verb, completing):
        last = ended(0, again)
        assert last.returncode in (0, 1, 2) and "Traceback" not in last.stdout + last.stderr, last.stdout + last.stderr
    assert hit, "nobody was killed"
    assert differences(tables(killed / "warehouse.duckdb"), expected) == []
    for folder in ("publication", "landing", "provinces", "raw", "quarantine"):
        assert published(killed / folder) == published(undisturbed / folder)


def published(folder: Path) -> dict[str, str]:
    """Hash by path, as far as no run left its number in a file: drafts made anew name theirs."""
    named = ("release.json", "checks.html")
    return (
        {path: digest for path, digest in contents(folder).items() if not path.endswith(named)}
        if folder.exists()
        else {}
    )
