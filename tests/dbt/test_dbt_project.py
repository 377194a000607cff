"""dbt's own tests: the project parses without a warning, and every unit test beside a model holds.

Belongs here: running them. Does not belong here: rules; those stand beside the models.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dagster_project import dbt_parse
from dagster_project.dictionary.indicators import WITHOUT_FIGURE, load_indicators
from dagster_project.settings import PROJECT_ROOT
from tests.conftest import SampleHome, copy_of
from tests.warehouse_api import settings_of


def dbt(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One dbt command on a home's warehouse, artefacts and logs inside the home."""
    project = str(PROJECT_ROOT / "dbt")
    environment = os.environ | {
        "BULLETIN_WAREHOUSE": str(home / "warehouse.duckdb"),
        "DBT_TARGET_PATH": str(home / "dbt_tests"),
        "DBT_LOG_PATH": str(home / "logs"),
        "DO_NOT_TRACK": "1",
    }
    return subprocess.run(
        [sys.executable, "-c", "from dbt.cli.main import cli; cli()", *arguments, "--project-dir", project,
         "--profiles-dir", project],
        capture_output=True, text=True, env=environment, cwd=home, timeout=600, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def built_home(sample_home: SampleHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the session's home: unit tests ask the built warehouse for the types of columns."""
    return copy_of(sample_home, tmp_path_factory.mktemp("dbt") / "home")


def test_the_project_parses_without_a_warning(built_home: Path) -> None:
    done = dbt(built_home, "--warn-error", "parse", "--no-partial-parse")
    assert done.returncode == 0, done.stdout[-2000:]


def test_every_unit_test_beside_a_model_holds(built_home: Path) -> None:
    done = dbt(built_home, "test", "--select", "test_type:unit", "--threads", "2")
    results = json.loads((built_home / "dbt_tests" / "run_results.json").read_text(encoding="utf-8"))["results"]
    failed = [result["unique_id"] for result in results if result["status"] != "pass"]
    assert done.returncode == 0 and not failed, (failed, done.stdout[-3000:])
    written = sum(
        path.read_text(encoding="utf-8").count("\n  - name: test_")
        for path in (PROJECT_ROOT / "dbt" / "models").rglob("*.yml")
    )
    assert len(results) >= max(14, written), (len(results), written)


def test_indicators_name_only_extracts_that_a_cube_is_made_of(built_home: Path) -> None:
    """An extract that no figure reads must not keep a figure from being computed when it is missing."""
    manifest = dbt_parse.manifest(settings_of(built_home))
    reached = {name for name, node in manifest["nodes"].items() if node.get("schema") == "cube"}
    waiting = list(reached)
    while waiting:
        for parent in manifest["parent_map"].get(waiting.pop(), []):
            if parent not in reached:
                reached.add(parent)
                waiting.append(parent)
    raw = {
        source["name"] for name, source in manifest["sources"].items() if name in reached and source["schema"] == "raw"
    }
    named = {extract for row in load_indicators().values() if row.kind not in WITHOUT_FIGURE for extract in row.extracts}
    assert named <= raw, named - raw
