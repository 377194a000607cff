"""A run without news beside readers of the served file: no model is built again, everything else is done, the numbers stay byte for
byte, and nobody who reads is locked out."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SampleHome, copy_of
from tests.warehouse_api import Spoken, bulletin, query, sorted_csv

TABLES = ("indicator.indicator_value", "cube.cube_settlement")
# One process that reads in both ways without end and reports what it met.
READER = """
import json, os, sys, time
import duckdb, sqlalchemy
path, stop = sys.argv[1], sys.argv[2]
engine = sqlalchemy.create_engine("duckdb:///" + path, connect_args={"read_only": True}, poolclass=sqlalchemy.pool.NullPool)
reads, errors, runs = 0, [], set()
question = "select value_en from about where item = 'run_id'"
while not os.path.exists(stop):
    try:
        with duckdb.connect(path, read_only=True) as connection:
            runs.add(connection.execute(question).fetchone()[0])
            connection.execute("select count(*), sum(value) from indicator_value").fetchone()
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("select count(*) from indicator_value join dim_region using (region_code)")).scalar()
        reads += 2
    except Exception as error:
        errors.append(repr(error))
    time.sleep(0.3)
print(json.dumps({"reads": reads, "errors": errors[:5], "runs": sorted(runs)}))
"""


@dataclass(frozen=True)
class Again:
    """A finished home run once more: what it said, its tables before, and what each reader reports (None: why it broke)."""

    home: Path
    said: Spoken
    before: dict[str, Any]
    reports: list[tuple[dict[str, Any], str]]

    @property
    def warehouse(self) -> Path:
        """The warehouse file."""
        return self.home / "warehouse.duckdb"


@pytest.fixture(scope="module")
def again(sample_home: SampleHome, tmp_path_factory: pytest.TempPathFactory) -> Again:
    """The sample run once more, while two other processes read what it serves."""
    folder = tmp_path_factory.mktemp("again")
    home, stop = copy_of(sample_home, folder / "home"), folder / "stop"
    served = home / "serving" / "medical_insurance.duckdb"
    assert served.is_file(), sample_home.run.text
    before = {table: sorted_csv(home / "warehouse.duckdb", table) for table in TABLES}
    command = [sys.executable, "-c", READER, str(served), str(stop)]
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        said = bulletin("run", "--home", str(home), key=sample_home.key)
        time.sleep(1)
    finally:
        stop.touch()
    told = [reader.communicate(timeout=60) for reader in readers]
    return Again(home, said, before, [(json.loads(out or "{}"), problem) for out, problem in told])


def test_a_run_without_news_leaves_the_models_and_does_the_rest(again: Again) -> None:
    said = again.said
    assert said.code == 0, said.text
    assert "no new file" in said.text
    assert said.text.count("nothing has changed, the last results stand: ") == 2, said.text
    assert {table: sorted_csv(again.warehouse, table) for table in TABLES} == again.before
    first, second = query(
        again.warehouse,
        "select string_agg(stage || check_name || status, ',' order by stage, check_name) from ops.check_result "
        "group by run_id",
    )
    assert first == second
    assert query(again.warehouse, "select status, count(*) from ops.run group by all") == [("done", 2)]


def test_readers_in_other_processes_are_never_locked_out_during_a_run(again: Again) -> None:
    for report, problem in again.reports:
        assert report, problem
        assert report["errors"] == []
        assert report["reads"] > 20
        assert len(report["runs"]) == 2, "the reader saw the file before and after it was replaced"
