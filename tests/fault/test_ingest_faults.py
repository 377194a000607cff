"""Intake stopped before and after each durable step: the next run ends in the same state, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dagster_project.ingest import mark_built
from dagster_project.warehouse import connect
from tests.fail_points import SIDES, kill_at
from tests.intake_world import Home, row, rows

DRIVES_STEPS = (
    "ingest.make_key", "ingest.rename_raw", "ingest.rename_quarantine", "ingest.commit_load", "ingest.record_file",
    "ingest.record_redelivery", "ingest.remove_work", "ingest.commit_versions",
)  # fmt: skip
DRIVES_SWEEPING = ("ingest.sweep_work", "ingest.sweep_orphan")
DRIVES_MARKING = ("ingest.mark_built",)


def landed(home: Home) -> Home:
    """Two months, a broken row, an older version, a mirror, a refused file, a duplicate, a full delivery that repeats."""
    table = [*rows("setl_d", 4), row("setl_d", 5, setl_time="2024-02-20 10:00:00", enddate="2024-02-20")]
    home.put_rows("setl_d_1.csv", [*table, row("setl_d", 6, psn_pay="1")])
    home.put_rows("setl_d_2.csv", [row("setl_d", 1, updt_time="2024-03-01 00:00:00", init_setl_id="set5")])
    home.put_rows("setl_d_3.csv", [row("setl_d", 1, updt_time="2024-03-01 00:00:00", init_setl_id="set5")])
    home.put_rows("fixmedins_b.csv", rows("fixmedins_b", 2))
    home.put("setl_d_4.csv", "")
    # The second delivery repeats one file and lacks a row of the other: that row is closed, the repeated ones are not.
    for batch, count in (("d1", 3), ("d2", 2)):
        home.put_rows(f"{batch}/psn_insu_d_1.csv", rows("psn_insu_d", 2, psn_no="p"))
        home.put_rows(f"{batch}/psn_insu_d_2.csv", rows("psn_insu_d", count, start=11, psn_no="q"))
        home.manifest(batch, extracted_at=f"2024-0{batch[1]}-15T00:00:00", delivery="full")
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
        "again": home.query(
            f"select l.source_file, delivered_at from ops.redelivered join {lineage} as l using (load_id)"
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
    found = state(home)
    assert found["again"] and found["gone"] and found["held"], "there must be something that a stop could lose"
    return found, home.settings.key_file


@pytest.mark.parametrize("when", SIDES)
@pytest.mark.parametrize("step", DRIVES_STEPS)
def test_a_stopped_run_is_made_good_by_the_next(
    tmp_path: Path, undisturbed: tuple[dict[str, Any], Path], monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    expected, key = undisturbed
    home = landed(Home(tmp_path / "home"))
    if step != "ingest.make_key":
        shutil.copy(key, home.settings.key_file)
    with monkeypatch.context() as patched:
        # A killed process does not tidy up after itself.
        patched.setattr("dagster_project.ingest.taking.shutil.rmtree", lambda *_, **__: None)
        kill_at(step, when, home.run)
    home.run()
    found = state(home)
    if step == "ingest.make_key":  # another key, so other pseudonyms: what is counted must be the same
        found.pop("raw")
        expected = {name: value for name, value in expected.items() if name != "raw"}
    assert found == expected
    assert not list((home.settings.home / "tmp").glob("intake-*"))


@pytest.mark.parametrize("when", SIDES)
@pytest.mark.parametrize("step", DRIVES_SWEEPING)
def test_a_sweep_that_is_stopped_itself_is_made_good_by_the_next(
    tmp_path: Path, undisturbed: tuple[dict[str, Any], Path], monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    expected, key = undisturbed
    home = landed(Home(tmp_path / "home"))
    shutil.copy(key, home.settings.key_file)
    with monkeypatch.context() as patched:
        patched.setattr("dagster_project.ingest.taking.shutil.rmtree", lambda *_, **__: None)
        kill_at("ingest.commit_load", "before", home.run)
    assert list(home.settings.raw.rglob("*.parquet")) and list((home.settings.home / "tmp").glob("intake-*"))
    kill_at(step, when, home.run)
    home.run()
    assert state(home) == expected
    assert not list((home.settings.home / "tmp").glob("intake-*"))


@pytest.mark.parametrize("when", SIDES)
def test_a_build_stopped_while_it_is_noted_is_noted_again(tmp_path: Path, when: str) -> None:
    home = landed(Home(tmp_path / "home"))
    home.run()
    loads = home.value("select count(*) from ops.load")

    def mark() -> None:
        with connect(home.settings) as connection:
            mark_built(connection)

    kill_at("ingest.mark_built", when, mark)
    due = home.value("select count(*) from ops.touched_month")
    assert due == (2 if when == "before" else 0), "either both are written or neither"
    assert home.value("select count(*) from ops.built_load") == (0 if when == "before" else loads)
    mark()
    assert home.value("select count(*) from ops.built_load") == loads


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
