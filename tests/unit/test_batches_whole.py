"""A batch with a manifest is taken in whole or not at all; without one the warehouse's own record waits to be confirmed (S8)."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dagster_project import stages
from dagster_project.cli import cli
from dagster_project.errors import ExitCode, UserError
from dagster_project.ingest import records
from dagster_project.verbs import deliveries
from dagster_project.warehouse import connect
from tests.fail_points import SIDES, kill_at
from tests.intake_world import Home, parquet, row, rows, sha256

DRIVES_BATCHES = ("ingest.close_batches", "ingest.remove_taken_back")
DRIVES_RECORDS = ("manifest.rename", "manifest.confirm")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def broken_batch(home: Home, **wrong: Any) -> None:
    """Three files, the second to be read not what the manifest says, beside a file of no batch that holds the key of a broken row."""
    home.put_rows("b1/fixmedins_b.csv", rows("fixmedins_b", 2))
    home.put_rows("b1/setl_d_1.csv", [*rows("setl_d", 3, start=11), row("setl_d", 14, psn_pay="1")])
    home.put_rows("b1/setl_d_2.csv", rows("setl_d", 3))
    home.put_rows("setl_d_9.csv", [*rows("setl_d", 2, start=90), row("setl_d", 14)])
    second = {"file": "setl_d_2.csv"} | wrong
    home.manifest("b1", files=[{"file": "fixmedins_b.csv"}, second, {"file": "setl_d_1.csv", "rows": 4}])


WRONG: list[dict[str, Any]] = [{"rows": 4}, {"sha256": "0" * 64}, {"sums": {"medfee_sumamt": "300.01"}}]


@pytest.mark.parametrize("wrong", WRONG, ids=["rows", "sha256", "sums"])
def test_S8_a_file_that_is_not_what_the_manifest_says_refuses_the_whole_batch(
    home: Home, wrong: dict[str, Any]
) -> None:
    broken_batch(home, **wrong)
    report = home.run()
    found = {file.source_file: file for file in report.files}
    assert {name: file.status for name, file in found.items()} == {
        "b1/fixmedins_b.csv": "refused", "b1/setl_d_1.csv": "refused", "b1/setl_d_2.csv": "refused", "setl_d_9.csv": "loaded",
    }  # fmt: skip
    assert report.exit_code == ExitCode.PARTLY
    for other in ("b1/fixmedins_b.csv", "b1/setl_d_1.csv"):
        assert "b1/setl_d_2.csv" in found[other].reason.in_language("en") and "整批" in found[other].reason.zh  # type: ignore[union-attr]
    assert home.query("select source_file from ops.load") == [("setl_d_9.csv",)]
    assert home.query("select distinct source_file from raw.setl_d") == [("setl_d_9.csv",)]
    assert home.value("select count(*) from quarantine.rejected_row") == 0
    assert home.query("from ops.released_row") == home.query("from ops.rule_count where unexpected < 0") == [], (
        "nothing is answered for a row that was never taken in"
    )
    assert len(list(home.settings.home.rglob("*.parquet"))) == 1, "nothing of the batch is left on the disk"
    assert home.query("select status, count(*) from ops.file group by 1 order by 1") == [("loaded", 1), ("refused", 3)]
    # The corrected manifest lets the same files in.
    home.manifest("b1", files=[{"file": f"{name}.csv"} for name in ("fixmedins_b", "setl_d_1", "setl_d_2")])
    assert [file.status for file in home.run().files].count("loaded") == 3
    assert home.value("select count(*) from ops.load") == 4
    assert home.value("select count(*) from ops.open_batch") == 0


def test_a_home_whose_only_batch_is_refused_knows_no_province(home: Home) -> None:
    broken_batch(home, rows=4)
    (home.landing / "setl_d_9.csv").unlink()
    assert home.run().exit_code == ExitCode.BAD_INPUT
    assert home.query("select key from ops.meta where key in ('province', 'synthetic')") == []


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", [*DRIVES_BATCHES, "ingest.commit_load", "ingest.record_file"])
def test_a_batch_that_a_kill_left_open_is_refused_whole_by_the_next_run(home: Home, step: str, side: str) -> None:
    broken_batch(home, rows=4)
    kill_at(step, side, home.run)
    if step == "ingest.close_batches" and side == "before":
        with pytest.raises(UserError) as refused:
            stages.require_taken_in(home.settings)
        assert refused.value.code == ExitCode.BAD_INPUT and "ingest" in refused.value.message("zh")
    home.run()
    stages.require_taken_in(home.settings)
    assert home.query("select source_file from ops.load") == [("setl_d_9.csv",)]
    assert home.value("select count(*) from ops.open_batch") == 0
    assert len(list(home.settings.home.rglob("*.parquet"))) == 1


def test_S8_the_warehouse_writes_its_own_record_of_what_came_without_a_manifest(home: Home) -> None:
    table = [*rows("setl_d", 3), row("setl_d", 4, medfee_sumamt="1.23", psn_pay="7")]
    path = home.put_rows("2024/01/setl_d_1.csv", table)
    parquet(home.landing / "fixmedins_b.parquet", rows("fixmedins_b", 2))
    home.put_rows("b1/setl_d_2.csv", rows("setl_d", 1, start=50))
    home.manifest("b1", files=[{"file": "setl_d_2.csv", "rows": 1}])
    home.run()
    written = json.loads((home.settings.home / "manifests" / "2024__01.json").read_text(encoding="utf-8"))
    (entry,) = written["files"]
    assert written["batch"] == "2024/01" and entry["confirmed_by"] is None
    assert (entry["file"], entry["rows"], entry["sha256"]) == ("setl_d_1.csv", 4, sha256(path))
    assert entry["rows_accepted"] == 3 and entry["sums"]["medfee_sumamt"] == "301.23", (
        "of the file, broken rows included"
    )
    assert sorted(one.name for one in (home.settings.home / "manifests").iterdir()) == ["2024__01.json", "_.json"]
    # It is a manifest: put beside the file it confirms itself.
    other = Home(home.settings.home.parent / "other")
    other.put_rows("b/setl_d_1.csv", table)
    other.put("b/manifest.json", json.dumps(written))
    assert [file.status for file in other.run().files] == ["loaded"]
    with connect(home.settings) as connection:
        waiting = records.unconfirmed(connection)
        assert [(one.folder, one.files, one.rows, one.money) for one in waiting] == [
            (".", 1, 2, 0), ("2024/01", 1, 4, Decimal("301.23")),
        ]  # fmt: skip
        assert records.confirm(connection, home.settings, "2024/01/", "张三") == 1
        assert [one.folder for one in records.unconfirmed(connection)] == ["."]
        with pytest.raises(UserError) as refused:
            records.confirm(connection, home.settings, "2024/01", "张三")
        assert refused.value.code == ExitCode.BAD_INPUT and "." in refused.value.message("zh")
        with pytest.raises(UserError):
            records.confirm(connection, home.settings, ".", "  ")
    (entry,) = json.loads((home.settings.home / "manifests" / "2024__01.json").read_text(encoding="utf-8"))["files"]
    assert entry["confirmed_by"] == "张三" and entry["confirmed_at"]


def test_the_manifest_verb_lists_and_confirms(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.put_rows("2024/setl_d_1.csv", rows("setl_d", 3))
    home.run()
    assert deliveries.manifest(home.settings, None, None, "") == ExitCode.DONE
    assert "2024" in (said := capsys.readouterr().out) and "300.00" in said and "confirm" in said
    with pytest.raises(UserError):
        deliveries.manifest(home.settings, "confirm", None, "li")
    assert deliveries.manifest(home.settings, "confirm", "2024", "li") == ExitCode.DONE
    deliveries.manifest(home.settings, None, None, "")
    assert "没有待确认" in capsys.readouterr().out


def test_the_command_is_written_as_the_guide_has_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BULLETIN_KEY_FILE", str(home.settings.key_file))
    home.put_rows("2024/setl_d_1.csv", rows("setl_d", 3))
    home.run()
    words = ["manifest", "confirm", "2024", "--by", "li", "--home", str(home.settings.home)]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    assert home.value("select confirmed_by from ops.load_control") == "li"


@pytest.mark.parametrize(
    "fields",
    [{"rows": "three"}, {"rows": [3]}, {"rows": 3.7}, {"rows": True}, {"sums": "x"}, {"sha256": 5}, {"file": 7}],
)
def test_S8_a_field_of_another_form_refuses_its_batch_alone(home: Home, fields: dict[str, object]) -> None:
    for batch, entry in (("b1", {"file": "setl_d_1.csv"} | fields), ("b2", {"file": "setl_d_2.csv", "rows": 3})):
        home.put_rows(
            f"{batch}/{'setl_d_1' if batch == 'b1' else 'setl_d_2'}.csv", rows("setl_d", 3, 1 if batch == "b1" else 9)
        )
        home.manifest(batch, files=[entry])
    outcomes = {outcome.source_file: outcome for outcome in home.run().files}
    assert outcomes["b2/setl_d_2.csv"].status == "loaded"
    refused = outcomes["b1/setl_d_1.csv"]
    assert refused.status == "refused" and next(iter(fields)) in str(refused.reason)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", DRIVES_RECORDS)
def test_a_stopped_record_is_written_by_the_next(home: Home, step: str, side: str) -> None:
    home.put_rows("setl_d_1.csv", rows("setl_d", 3))
    path = home.settings.home / "manifests" / "_.json"
    if step == "manifest.rename":
        kill_at(step, side, home.run)
        assert path.exists() == (side == "after")
        home.run()
    else:
        home.run()

    def confirm() -> None:
        with connect(home.settings) as connection:
            records.confirm(connection, home.settings, ".", "li")

    if step == "manifest.confirm":
        kill_at(step, side, confirm)
    with connect(home.settings) as connection:
        waiting = records.unconfirmed(connection)
    if waiting:
        confirm()
    home.run()
    (entry,) = json.loads(path.read_text(encoding="utf-8"))["files"]
    assert entry["confirmed_by"] == "li" and not list(path.parent.glob("*.part"))
