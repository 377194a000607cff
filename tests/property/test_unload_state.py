"""Unload = never seen: whatever a file changed, core, cubes and indicators end in the bytes of a home that never got it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from dagster_project.desk.targets import find_target
from dagster_project.desk.unloading import undo, unload
from dagster_project.warehouse import connect
from tests.changing_world import ChangingWorld
from tests.property.test_increment import Changes, differences, tables
from tests.warehouse_api import build_home, build_models, query, settings_of

# The second delivery is the wrong one: it supersedes and closes rows, reverses, regroups, and brings the only files of two extracts.
WRONG: Changes = [
    ("newer_version", 1, 0), ("reversal", 3, 2), ("further_row", 5, 2), ("closed", 1, 0), ("person", 1, 0), ("registry", 0, 1),
    ("region", 1, 0), ("group_result", 1, 0), ("ledger", 0, 1), ("split_corrected", 2, 0), ("line_corrected", 5, 0),
    ("late_encounter", 9, 2), ("unknown_code", 3, 1),
]  # fmt: skip
# The third builds on it: versions between, a further correction, a snapshot after the one that closed.
LATER: Changes = [
    ("older_version", 1, 0),
    ("newer_version", 5, 0),
    ("late_row", 4, 3),
    ("closed", 0, 0),
    ("line_late", 6, 0),
]


def without(home: Path, files: list[str]) -> None:
    """A landing folder that never got these files, with its manifests."""
    for name in files:
        (home / "landing" / name).unlink()
    for path in sorted((home / "landing").glob("*/manifest.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        told["files"] = [entry for entry in told["files"] if (path.parent / entry["file"]).exists()]
        path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


@pytest.mark.long
def test_L31_unloaded_files_leave_nothing_in_core_cubes_and_indicators(tmp_path: Path) -> None:
    made = ChangingWorld()
    made.deliver(WRONG)
    made.deliver(LATER)
    home, never, key = tmp_path / "home", tmp_path / "never", tmp_path / "key"
    made.write(home / "landing")
    shutil.copytree(home / "landing", never / "landing")
    wrong = [f"b2/{path.name}" for path in sorted((home / "landing" / "b2").glob("*.csv"))]
    wrong.append("b1/setl_d_west.csv")  # a first file, whose mirrors and lines stay behind
    without(never, wrong)
    build_home(never, key)
    expected = tables(never / "warehouse.duckdb")

    build_home(home, key)
    seen = tables(home / "warehouse.duckdb")
    assert differences(seen, expected), "the wrong files must change something"
    settings = settings_of(home, key)
    with connect(settings) as connection:
        for name in wrong:
            unload(connection, settings, find_target(connection, settings, name), "test", "wrong", "run")
    build_home(home, key)
    assert differences(tables(home / "warehouse.duckdb"), expected) == []
    assert query(home / "warehouse.duckdb", "select count(distinct load_id) from ops.unload") == [(len(wrong),)]

    with connect(settings) as connection:
        for name in reversed(wrong):
            undo(connection, settings, find_target(connection, settings, name, unloaded=True), "test", "right", "run")
    build_models(home, key)
    assert differences(tables(home / "warehouse.duckdb"), seen) == []
