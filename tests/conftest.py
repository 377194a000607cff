"""One build of the sample for the whole test session, shared by every test that asks the finished warehouse.

Belongs here: session-wide fixtures. Does not belong here: expectations.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from filelock import FileLock

from tests.truth import expected_indicators, load_truth
from tests.warehouse_api import FIXED_NOW, Spoken, bulletin, headline_frame, settings_of

SCALE = "0.0005"
YEARS = [2023, 2024, 2025]
# A home's own file, of a province that ships none: one pool from July, where Guizhou became one in December.
OTHER_PROVINCE, OTHER_YEAR, POOLED_FROM = "370000", 2024, "2024-07-01"
OTHER_DEFINITIONS = f"""
name: {{zh: 山东省, en: Shandong}}
pooling:
  - {{region: '{OTHER_PROVINCE}', from: 2000-01-01, level: prefecture}}
  - {{region: '{OTHER_PROVINCE}', from: {POOLED_FROM}, level: province}}
"""
QUICK = ("unit", "dbt")
# Files of a minute and more, the longest first: begun last, one of them would keep one process busy while the other waits.
LONGEST = ("test_fail_points", "test_increment", "test_delivery_orders", "test_dagster_run", "test_killed_for_real",
           "test_unload_state", "test_missing_extracts", "test_other_province", "test_read_only_home")  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick files first, then the longest, then all others."""

    def place(item: pytest.Item) -> int:
        if item.path.parent.name in QUICK:
            return 0
        return 1 + LONGEST.index(item.path.stem) if item.path.stem in LONGEST else 1 + len(LONGEST)

    items.sort(key=place)


@dataclass
class SampleHome:
    """A home with a sample taken in and run to the end."""

    home: Path
    key: Path
    run: Spoken
    years: list[int]

    @property
    def landing(self) -> Path:
        """The landed files."""
        return self.home / "landing"

    @property
    def warehouse(self) -> Path:
        """The warehouse file."""
        return self.home / "warehouse.duckdb"

    @cached_property
    def truth(self) -> dict[str, Any]:
        """The generator's own bookkeeping."""
        return load_truth(self.home / "truth.json")

    @cached_property
    def expected(self) -> pl.DataFrame:
        """Indicators that follow from the truth."""
        return expected_indicators(self.truth)

    @cached_property
    def found(self) -> pl.DataFrame:
        """Indicators of the warehouse."""
        return headline_frame(self.warehouse)


def copy_of(sample: SampleHome, home: Path) -> Path:
    """A copy of a finished home with an empty landing folder, for tests that change what they look at."""
    shutil.copytree(sample.home, home, ignore=shutil.ignore_patterns("landing"))
    (home / "landing").mkdir()
    return home


@pytest.fixture(scope="session", autouse=True)
def _one_clock() -> Iterator[None]:
    """All tests live at the same moment, and none touches the user's key."""
    os.environ["BULLETIN_NOW"] = FIXED_NOW
    yield


@pytest.fixture(scope="session")
def common_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder of this session that all its worker processes share."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def sample_landing(common_folder: Path) -> Path:
    """Home folder that holds a landed sample and its truth; nobody writes to what has landed."""
    home = common_folder / "sample_home"
    with FileLock(common_folder / "sample_landing.lock"):
        if not (home / "landing" / "synthetic.json").exists():
            said = bulletin("sample", str(home / "landing"), "--scale", SCALE, "--years", *map(str, YEARS))
            assert said.code == 0, said.text
    return home


def command(home: Path, key: Path) -> Spoken:
    """A whole run as a statistician starts it."""
    return bulletin("run", "--home", str(home), key=key)


def dagster_job(home: Path, key: Path) -> Spoken:
    """A whole run as Dagster's own command starts it, which knows nothing of ours."""
    from dagster_project.assets.execute import instance_folder

    folder = instance_folder(settings_of(home, key))
    environment = os.environ | {
        "BULLETIN_HOME": str(home), "DAGSTER_HOME": str(folder), "BULLETIN_KEY_FILE": str(key), "BULLETIN_NOW": FIXED_NOW,
    }  # fmt: skip
    words = [sys.executable, "-m", "dagster", "job", "execute", "-m", "dagster_project.definitions", "-j", "bulletin"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=900, check=False)
    return Spoken(done.returncode, done.stdout + done.stderr)


def run_once(common: Path, home: Path, own: Path | None, start: Callable[[Path, Path], Spoken] = command) -> SampleHome:
    """A landed sample run to the end by whichever worker process comes first; each worker process has a copy in the folder
    `own`, since it holds its warehouse. `start(home, key)` runs it, by default through the command line."""
    key, told = common / f"{home.name}.key", common / f"{home.name}_run.json"
    with FileLock(common / f"{home.name}_run.lock"):
        if not told.exists():
            said = start(home, key)
            assert said.code == 0, said.text
            told.write_text(json.dumps([said.code, said.text]), encoding="utf-8")
    run = SampleHome(home, key, Spoken(*json.loads(told.read_text(encoding="utf-8"))), YEARS)
    if own is None:
        return run
    copied = copy_of(run, own / "home")
    shutil.copytree(home / "landing", copied / "landing", copy_function=os.link, dirs_exist_ok=True)
    return replace(run, home=copied)


@pytest.fixture(scope="session")
def sample_home(
    sample_landing: Path, common_folder: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> SampleHome:
    """The sample run to the end, once."""
    own = None if worker_id == "master" else tmp_path_factory.mktemp("sample")
    return run_once(common_folder, sample_landing, own)


@pytest.fixture(scope="session")
def shandong(common_folder: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> SampleHome:
    """One year of a small synthetic Shandong with definitions of its own, from its extracts to the served database, once, by
    Dagster's own command: what this home is asked shows that the command line is not the only way to the numbers."""
    home = common_folder / "shandong_home"
    with FileLock(common_folder / "shandong_landing.lock"):
        if not (home / "provinces").exists():
            words = ["--scale", "0.0002", "--years", str(OTHER_YEAR), "--province", OTHER_PROVINCE]
            said = bulletin("sample", str(home / "landing"), *words)
            assert said.code == 0, said.text
            (home / "provinces").mkdir()
            (home / "provinces" / f"{OTHER_PROVINCE}.yml").write_text(OTHER_DEFINITIONS, encoding="utf-8")
    own = None if worker_id == "master" else tmp_path_factory.mktemp("shandong")
    return replace(run_once(common_folder, home, own, start=dagster_job), years=[OTHER_YEAR])
