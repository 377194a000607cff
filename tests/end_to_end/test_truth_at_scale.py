"""Nothing bought with correctness: truth, identities, checks and trace hold at a larger scale as at the default.

`TRUTH_SCALE` says at which (0.01 by default; a documented run takes 0.1 or 1). Everything asserted here is asserted of the
small sample elsewhere, mostly number by number; here one whole run is put to the same questions.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.end_to_end.test_truth import breakdown_differences
from tests.truth import expected_indicators, load_truth
from tests.truth_breakdowns import expected_breakdowns
from tests.warehouse_api import bulletin, compare, headline_frame, other_breakdowns, query

pytestmark = pytest.mark.long

YEAR = "2025"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample of one year and its whole run, through the command line."""
    home = tmp_path_factory.mktemp("scale") / "home"
    scale = os.environ.get("TRUTH_SCALE") or "0.01"
    said = bulletin("sample", str(home / "landing"), "--scale", scale, "--years", YEAR, timeout=7200)
    assert said.code == 0, said.text
    said = bulletin("run", "--home", str(home), key=home.parent / "key", timeout=36_000)
    assert said.code == 0, said.text
    return home


def test_every_headline_figure_and_breakdown_equals_the_truth(home: Path) -> None:
    truth = load_truth(home / "truth.json")
    wrong = compare(expected_indicators(truth), headline_frame(home / "warehouse.duckdb"))
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:40])
    assert breakdown_differences(expected_breakdowns(truth), other_breakdowns(home / "warehouse.duckdb")).is_empty()


def test_identities_hold_and_some_were_asked(home: Path) -> None:
    ((asked, broken),) = query(
        home / "warehouse.duckdb",
        "select count(*), count(*) filter (status in ('fail', 'error')) from ops.check_result where stage = 'indicator'",
    )
    assert asked > 5 and broken == 0


def test_no_check_of_any_stage_failed_or_could_not_run(home: Path) -> None:
    rows = query(
        home / "warehouse.duckdb",
        "select stage, count(*) filter (status in ('fail', 'error')) from ops.check_result group by 1",
    )
    assert dict(rows) == dict.fromkeys(("landing", "core", "indicator", "publication"), 0)


def test_every_row_read_is_accepted_or_quarantined(home: Path) -> None:
    assert query(
        home / "warehouse.duckdb",
        "select count(*) from ops.load where rows_read <> rows_accepted + rows_quarantined",
    ) == [(0,)]


def test_every_printed_figure_has_its_trace(home: Path) -> None:
    """The publication check asks each printed figure for its trace; here it must have asked and every one had it."""
    traced = query(
        home / "warehouse.duckdb",
        "select check_name, status, unexpected, total from ops.check_result where stage = 'publication' and check_name = 'figure_without_trace'",
    )
    ((_, status, unexpected, total),) = traced
    (release,) = home.glob(f"publication/{YEAR}/*/release.json")
    printed = json.loads(release.read_text(encoding="utf-8"))["figures_printed"]
    assert (status, unexpected) == ("pass", 0) and total >= printed > 100
