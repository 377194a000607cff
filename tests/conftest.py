"""One build of the sample for the whole test session, shared by every test that asks the finished warehouse.

Belongs here: session-wide fixtures. Does not belong here: expectations.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.truth import expected_indicators, load_truth
from tests.warehouse_api import FIXED_NOW, Spoken, bulletin, headline_frame

SCALE = "0.0005"
YEARS = [2023, 2024, 2025]


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
def sample_landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home folder that holds a landed sample and its truth, nothing taken in yet."""
    home = tmp_path_factory.mktemp("sample_home")
    said = bulletin("sample", str(home / "landing"), "--scale", SCALE, "--years", *map(str, YEARS))
    assert said.code == 0, said.text
    return home


@pytest.fixture(scope="session")
def sample_home(sample_landing: Path, tmp_path_factory: pytest.TempPathFactory) -> SampleHome:
    """The sample run to the end through the command line."""
    key = tmp_path_factory.mktemp("keys") / "sample.key"
    said = bulletin("run", "--home", str(sample_landing), key=key)
    assert said.code == 0, said.text
    return SampleHome(sample_landing, key, said, YEARS)
