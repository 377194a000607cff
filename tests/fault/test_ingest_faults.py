"""Intake stopped before and after each durable step: the next run ends in the same state, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dagster_project.durable import set_hook
from dagster_project.ingest import mark_built
from dagster_project.warehouse import connect
from tests.intake_world import Home, row, rows

STEPS = (
    "ingest.make_key", "ingest.rename_raw", "ingest.rename_quarantine", "ingest.commit_load", "ingest.record_file",
    "ingest.remove_work", "ingest.commit_versions",
)  # fmt: skip


class Killed(BaseException):
    """Stands for the end of the process: nothing may catch it."""


@pytest.fixture(autouse=True)
def _no_hook_left() -> Iterator[None]:
    yield
    set_hook(None)


def landed(home: Home) -> Home:
    """Two months, a broken row, an older version, a mirror, a refused file, a duplicate."""
    table = [*rows("setl_d", 4), row("setl_d", 5, setl_time="2024-02-20 10:00:00", enddate="2024-02-20")]
    home.put_rows("setl_d_1.csv", [*table, row("setl_d", 6, psn_pay="1")])
    home.put_rows("setl_d_2.csv", [row("setl_d", 1, updt_time="2024-03-01 00:00:00", init_setl_id="set5")])
    home.put_rows("setl_d_3.csv", [row("setl_d", 1, updt_time="2024-03-01 00:00:00", init_setl_id="set5")])
    home.put_rows("fixmedins_b.csv", rows("fixmedins_b", 2))
    home.put("setl_d_4.csv", "")
    return home


def state(home: Home) -> dict[str, Any]:
    """Everything that must not depend on where an earlier run ended."""
    lineage = "(select load_id, source_file from ops.load)"
    return {
        "raw": home.query("select * exclude (load_id) from raw.setl_d order by source_file, source_row"),
        "held": home.query(
            "select source_file, source_row, rule_ids, row_text from quarantine.rejected_row order by all"
        ),
        "loads": home.query(
            "select extract, source_file, rows_read, rows_accepted, rows_quarantined, rows_superseded, rows_warned "
            "from ops.load order by all"
        ),
        "gone": home.query(
            f"select l.source_file, s.source_row, b.source_file from ops.superseded as s join {lineage} as l using (load_id) "
            f"join {lineage} as b on b.load_id = s.by_load_id order by all"
        ),
        "months": home.query("select settlement_month from ops.touched_month order by 1"),
        "rules": home.query("select extract, rule_id, sum(unexpected) from ops.rule_count group by all order by all"),
        "files": sorted(path.relative_to(home.settings.home).parent for path in home.settings.home.rglob("*.parquet")),
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """The state after one run that nothing stopped, and its key."""
    folder = tmp_path_factory.mktemp("undisturbed")
    home = landed(Home(folder / "home"))
    home.run()
    return state(home), home.settings.key_file


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_stopped_run_is_made_good_by_the_next(
    tmp_path: Path, undisturbed: tuple[dict[str, Any], Path], monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    expected, key = undisturbed
    home = landed(Home(tmp_path / "home"))
    if step != "ingest.make_key":
        shutil.copy(key, home.settings.key_file)
    hits = []

    def stop(name: str, moment: str) -> None:
        if (name, moment) == (step, when):
            hits.append(name)
            raise Killed

    with monkeypatch.context() as patched:
        # A killed process does not tidy up after itself.
        patched.setattr("dagster_project.ingest.taking.shutil.rmtree", lambda *_, **__: None)
        set_hook(stop)
        with pytest.raises(Killed):
            home.run()
    set_hook(None)
    assert hits, f"{step} was never reached"
    home.run()
    found = state(home)
    if step == "ingest.make_key":  # another key, so other pseudonyms: what is counted must be the same
        found.pop("raw")
        expected = {name: value for name, value in expected.items() if name != "raw"}
    assert found == expected
    assert not list((home.settings.home / "tmp").glob("intake-*"))


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_build_stopped_while_it_is_noted_is_noted_again(tmp_path: Path, when: str) -> None:
    home = landed(Home(tmp_path / "home"))
    home.run()

    def stop(name: str, moment: str) -> None:
        if (name, moment) == ("ingest.mark_built", when):
            raise Killed

    set_hook(stop)
    with pytest.raises(Killed), connect(home.settings) as connection:
        mark_built(connection)
    set_hook(None)
    due = home.value("select count(*) from ops.touched_month")
    assert due == (2 if when == "before" else 0), "either both are written or neither"
    assert home.value("select count(*) from ops.built_load") == (0 if when == "before" else 3)
    with connect(home.settings) as connection:
        mark_built(connection)
    assert home.value("select count(*) from ops.built_load") == 3


def test_a_process_that_is_killed_for_good(tmp_path: Path, undisturbed: tuple[dict[str, Any], Path]) -> None:
    expected, key = undisturbed
    home = landed(Home(tmp_path / "home"))
    shutil.copy(key, home.settings.key_file)
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom dagster_project.durable import set_hook\n"
        "from dagster_project.ingest import ingest_landing\nfrom dagster_project.settings import Settings\n"
        "set_hook(lambda name, when: os._exit(9) if (name, when) == ('ingest.commit_load', 'before') else None)\n"
        "ingest_landing(Settings(home=Path(sys.argv[1]), key_file=Path(sys.argv[2])), 'killed')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(home.settings.home), str(home.settings.key_file)],
        check=False, env=dict(os.environ), timeout=120,
    )  # fmt: skip
    assert ended.returncode == 9
    assert list(home.settings.raw.rglob("*.parquet")), "the rows were moved in but not recorded"
    home.run()
    assert state(home) == expected
