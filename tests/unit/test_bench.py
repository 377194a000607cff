"""The bench's own arithmetic: watching a process, ratios and targets, refusing, the page. Nothing is measured here."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench import derive, machine, measure, page, product, readme, regress, run
from dagster_project.errors import UserError
from dagster_project.settings import PROJECT_ROOT

MEGABYTE = 1_000_000
_WORK = f"""
import os, time
print("begun")
held = bytearray({150 * MEGABYTE})
with open("written", "wb") as file:
    file.write(os.urandom({20 * MEGABYTE}))
del held
middle = time.time()
while time.process_time() < 0.6:
    pass
print(middle)
"""


READS: dict[str, Any] = {
    "rows": {"raw.setl_d": 2000, "core.fct_settlement": 1000},
    "largest_wide_scan": 12.0,
    "wide_scans": 4,
    "beyond": [{"table": "core.fct_settlement", "columns": 23, "months": 12.0, "statement": "rule_count"}],
    "narrow_scans": 3,
    "narrow_cells": 9000,
}


def cost(seconds: float, gigabytes: float = 1.0) -> dict[str, float]:
    """A cost as result files have it."""
    return {
        "seconds": seconds,
        "processor_seconds": 2 * seconds,
        "peak_bytes": int(gigabytes * 1e9),
        "written_bytes": 10**9,
    }


def measured(scale: float, rows: int, whole: float) -> dict[str, Any]:
    """One scale of a result."""
    return {
        "scale": scale,
        "rows": rows,
        "sample": {"rows_per_second": 500_000, "landed_bytes": 100, "landed_parquet_bytes": 80},
        "product": {
            "whole": cost(whole, 4),
            "intake": cost(whole / 2),
            "model_to_bulletin": cost(whole / 2),
            "stages": {"core": cost(whole / 4), "serving": cost(whole / 8)},
            "disk": {"raw": 100, "quarantine": 1, "warehouse": 50, "serving": 9, "publication": 1000},
        },
        "again": {
            "nothing_new": cost(25),
            "corrected_month": cost(25 + whole / 10) | {"different": 0, "reads": READS},
            "documents": cost(20),
            "definition": cost(30),
        },
        "yardstick": {"whole": cost(10, 2), "intake": cost(8), "model": cost(2)},
        "narrow": {"whole": cost(5), "intake": cost(4), "model": cost(1)},
        "comparison": {"headlines": 64, "regions": 11, "compared": 704, "different": 0},
    }


@pytest.fixture
def result() -> dict[str, Any]:
    """A whole result: a tiny run, then 0.01, 0.1 and 1."""
    speed = {"bytes": 10**8, "seconds": 2.0, "megabytes_per_second": 50.0}
    content: dict[str, Any] = {
        "name": "trial",
        "day": "2026-03-01",
        "code": "0.1.0",
        "machine": machine.describe(),
        "limits": {"BULLETIN_THREADS": "2"},
        "scales": [
            measured(0.0005, 300_000, 30), measured(0.01, 5_300_000, 40), measured(0.1, 53_300_000, 160),
            measured(1.0, 533_300_000, 1600),
        ],
        "formats": {"rows": 5, "bare_read_csv": speed, "utf8": speed, "gb18030": speed, "utf8_share_of_bare": 0.5},
        "make_bulletin": {
            "rows": 1000, "sample_seconds": 5.0, "sample_rows_per_second": 200, "run_seconds": 40.0, "seconds": 45.0,
        },
    }  # fmt: skip
    return content | {"derived": derive.derived(content)}


def test_a_process_is_watched_as_a_whole_and_between_two_moments(tmp_path: Path) -> None:
    watched = measure.watch([sys.executable, "-c", _WORK], os.environ, tmp_path)
    assert watched.code == 0, watched.output
    said = watched.output.split()
    assert said[0] == "begun"
    middle = float(said[1])
    assert watched.whole.peak_bytes > 150 * MEGABYTE
    assert watched.whole.written_bytes >= 20 * MEGABYTE
    assert 0.4 < watched.whole.processor_seconds < watched.whole.seconds + 1
    later = watched.between(middle + 3 * measure.EVERY, watched.ended)
    assert later.peak_bytes < 150 * MEGABYTE
    assert later.written_bytes < 20 * MEGABYTE


def test_what_a_process_starts_is_part_of_it(tmp_path: Path) -> None:
    child = f"held = bytearray({150 * MEGABYTE}); import time; time.sleep(0.5)"
    watched = measure.watch(
        [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"],
        os.environ,
        tmp_path,
    )
    assert watched.whole.peak_bytes > 150 * MEGABYTE


def test_what_outlives_a_process_does_not_hide_its_cost(tmp_path: Path) -> None:
    leaves = "import subprocess, sys, time\nwhile time.process_time() < 0.5: pass\n"
    leaves += "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(0.5)'])\n"
    watched = measure.watch([sys.executable, "-c", leaves], os.environ, tmp_path)
    assert watched.whole.processor_seconds > 0.3
    assert watched.between(watched.begun, watched.ended).processor_seconds > 0.3


def test_ratios_divide_like_by_like(result: dict[str, Any]) -> None:
    ratio = result["derived"]["ratios"][2]
    assert (ratio["intake"], ratio["model_to_bulletin"]) == (10.0, 40.0)
    assert (ratio["intake_narrow"], ratio["model_to_bulletin_narrow"]) == (20.0, 80.0)
    # What is published is not part of the warehouse.
    assert (ratio["disk_to_landed"], ratio["disk_to_landed_parquet"]) == (1.6, 2.0)


def test_marginal_seconds_leave_the_fixed_cost_out(result: dict[str, Any]) -> None:
    assert [step["product"] for step in result["derived"]["marginal"]] == [2.0, 2.5, 3.0]
    growth = next(target for target in derive.targets(result) if "million rows" in target.en)
    assert growth.value == 1.2
    assert not growth.met


def test_a_corrected_month_is_compared_without_the_fixed_parts(result: dict[str, Any]) -> None:
    assert derive.share_of_full_run(result, "corrected_month") == 0.1
    assert derive.share_of_full_run(result, "nothing_new") == 0.0
    listed = {target.en.split(": ")[-1] for target in derive.targets(result)}
    assert "one corrected month / full run (fixed parts taken off)" in listed
    assert "the documents alone (seconds)" in listed


def test_targets_know_which_way_they_are_kept() -> None:
    assert derive.Target("", "", 2.0, 2.0).met
    assert not derive.Target("", "", 2.1, 2.0).met
    assert derive.Target("", "", 50.0, 40.0, at_least=True).met
    assert not derive.Target("", "", 39.9, 40.0, at_least=True).met


@pytest.mark.parametrize("text", ["", "ten", "0", "2", "0.0005"])
def test_scales_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UserError) as refused:
        run.wanted_scales(text)
    assert "BENCH_SCALES" in refused.value.message("zh")


def test_scales_are_measured_from_small_to_large() -> None:
    assert run.wanted_scales("0.1, 0.01 0.1") == [0.01, 0.1]


def test_a_name_cannot_leave_the_folder_of_results() -> None:
    assert run.wanted_name("province") == "province"
    with pytest.raises(UserError):
        run.wanted_name("../province")


def test_a_short_disk_is_said_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=20_000_000_000))
    machine.require_room(tmp_path, 0.1)
    with pytest.raises(UserError) as refused:
        machine.require_room(tmp_path, 1)
    assert "63.0 GB" in refused.value.message("en")
    assert "20.0 GB" in refused.value.message("en")


def test_the_scratch_folder_goes_whatever_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DIR", str(tmp_path))
    (tmp_path / "mine.txt").write_text("stays", encoding="utf-8")
    with pytest.raises(RuntimeError, match="stopped"), run.scratch() as folder:
        (folder / "something").write_text("goes", encoding="utf-8")
        raise RuntimeError("stopped")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_measured_processes_see_a_key_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BULLETIN_HOME", "elsewhere")
    monkeypatch.setenv("BULLETIN_KEY_FILE", "the user's own")
    monkeypatch.setenv("BULLETIN_MEMORY_LIMIT", "6GB")
    work = tmp_path / "work"
    seen = {name: value for name, value in run.environment_of(work).items() if name.startswith("BULLETIN_")}
    assert seen == {
        "BULLETIN_KEY_FILE": str(tmp_path / "pseudonym.key"), "BULLETIN_LANG": "en", "BULLETIN_MEMORY_LIMIT": "6GB",
    }  # fmt: skip


def test_a_part_beyond_the_margin_is_named_and_one_below_the_floor_is_not() -> None:
    before = {"core": 1.0, "serving": 0.01}
    assert regress.worse({"core": 1.29, "serving": 0.1}, before) == []
    assert len(regress.worse({"core": 1.31, "serving": 0.1}, before)) == 1
    assert "renew" in regress.worse({"new": 0.1}, before)[0]


def test_regression_ratios_divide_by_the_whole_yardstick(result: dict[str, Any]) -> None:
    found = regress.ratios(result["scales"][2])
    assert (found["whole"], found["intake"], found["core"], found["peak_memory"]) == (16.0, 8.0, 4.0, 2.0)


def test_the_page_shows_every_result_and_no_machine(
    result: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "PAGE", tmp_path / "bench.md")
    monkeypatch.setattr(page, "IMAGES", tmp_path / "images")
    monkeypatch.setattr(page, "README", tmp_path / "README.md")
    (tmp_path / "README.md").write_text(f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n", encoding="utf-8")
    results = tmp_path / "results"
    results.mkdir()
    (results / "trial.json").write_text(json.dumps(result), encoding="utf-8")
    page.write(results)
    text = (tmp_path / "bench.md").read_text(encoding="utf-8")
    assert "## trial" in text
    assert result["machine"]["processor"] in text
    assert "704 / 704" in text
    table = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert table.startswith("before\n") and table.endswith("\nafter\n") and "old" not in table
    assert result["machine"]["processor"] in table
    assert "64" in table and "533 百万行" in table
    assert "| rule_count | core.fct_settlement | 23 | 12.0 |" in text
    for kind in ("stages", "growth"):
        drawn = (tmp_path / "images" / f"bench_trial_{kind}.svg").read_text(encoding="utf-8")
        assert drawn.startswith("<svg") and "yardstick" in drawn
    assert os.uname().nodename not in json.dumps(result["machine"])


def test_the_baseline_knows_every_part_and_states_its_margin() -> None:
    content = json.loads(regress.BASELINE.read_text(encoding="utf-8"))
    assert (content["scale"], content["margin"], content["floor"]) == (regress.SCALE, regress.MARGIN, regress.FLOOR)
    assert set(product.AFTER_INTAKE) | {"whole", "intake", "model_to_bulletin", "peak_memory", "written"} == set(
        content["ratios"]
    )
    decision = (PROJECT_ROOT / "docs" / "decisions" / "0006-the-bench.md").read_text(encoding="utf-8")
    assert f"Margin {regress.MARGIN};" in decision


def test_page_and_readme_are_what_the_committed_results_make() -> None:
    found = page.read(run.RESULTS)
    assert page.PAGE.read_text(encoding="utf-8") == page.text(found, run.RESULTS.parent)
    written = page.README.read_text(encoding="utf-8")
    assert written == readme.renewed(written, found)
