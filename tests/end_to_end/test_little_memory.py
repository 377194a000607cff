"""With little memory a run takes longer and ends in the same numbers; with too little it says so and goes on from there."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.errors import ExitCode
from tests.conftest import SampleHome
from tests.warehouse_api import bulletin, sorted_csv

pytestmark = pytest.mark.long

# A run of the small sample takes 0.9 GB, Python included, when nobody limits it.
LITTLE, TOO_LITTLE = "400MiB", "24MiB"


@pytest.fixture
def home(sample_home: SampleHome, tmp_path: Path) -> Path:
    """The landed sample, not yet taken in."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "landing").symlink_to(sample_home.landing, target_is_directory=True)
    return home


def test_the_numbers_are_the_same_and_no_work_files_stay(
    sample_home: SampleHome, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BULLETIN_MEMORY_LIMIT", TOO_LITTLE)
    said = bulletin("run", "--home", str(home), key=sample_home.key)
    assert said.code == ExitCode.BROKEN_INSTALLATION and not said.has_traceback, said.text
    assert "BULLETIN_MEMORY_LIMIT" in said.text and "emory" in said.text
    monkeypatch.setenv("BULLETIN_MEMORY_LIMIT", LITTLE)
    said = bulletin("run", "--home", str(home), key=sample_home.key)
    assert said.code == ExitCode.DONE, said.text
    assert sorted_csv(home / "warehouse.duckdb") == sorted_csv(sample_home.warehouse)
    assert not [path for path in (home / "tmp").rglob("*") if path.is_file()]
