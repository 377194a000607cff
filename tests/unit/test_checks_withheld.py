"""The publication check that nothing withheld can be computed: it passes on what we publish and fails on a broken set."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.bulletin import store
from dagster_project.checks import CheckResult, run_stage
from dagster_project.warehouse import connect
from tests.fail_points import SIDES, kill_at
from tests.unit.checks_home import execute
from tests.unit.disclosure_home import TinyHome

RULE = "withheld_cell_derivable"
DRIVES_WITHHELD = ("checks.record_withheld",)
SCHEMES = {"520100": (900, 700, 6), "520200": (800, 500, 400)}
NAMES = ("resident", "employee", "unknown")


@pytest.fixture
def home(tmp_path: Path) -> TinyHome:
    """A published home in which one scheme of one region is small."""
    home = TinyHome(tmp_path / "home")
    home.term("insured", "numerator", "persons", "enrolment")
    for region, persons in SCHEMES.items():
        home.figure("insured", region, sum(persons))
        for scheme, count in zip(NAMES, persons, strict=True):
            home.enrol(region, scheme, "active", count)
            home.figure("insured", region, count, scheme=scheme)
    totals = [sum(counts) for counts in zip(*SCHEMES.values(), strict=True)]
    home.figure("insured", "520000", sum(totals))
    for scheme, count in zip(NAMES, totals, strict=True):
        home.figure("insured", "520000", count, scheme=scheme)
    store.write_tables(home.connection, home.settings.publication, home.disclosed(), "2025-12-31_draft")
    home.connection.close()
    return home


def judged(home: TinyHome) -> CheckResult:
    return next(result for result in run_stage(home.settings, "publication", "run") if result.check_name == RULE)


def test_what_is_published_passes(home: TinyHome) -> None:
    found = judged(home)
    assert (found.status, found.unexpected) == ("pass", 0), found.help
    assert found.total == 4 + 4, "two schemes in two regions, among the values and in the cube"


@pytest.mark.parametrize("side", SIDES)
def test_a_stop_while_withheld_cells_are_noted_leaves_the_older_or_the_newer_ones(home: TinyHome, side: str) -> None:
    def noted() -> int:
        with connect(home.settings) as connection:
            row = connection.execute("select count(*) from ops.withheld_cell").fetchone()
        assert row is not None
        return int(row[0])

    judged(home)
    newer = noted()
    execute(home.settings, "delete from ops.withheld_cell where table_name <> 'indicator_value'")
    older = noted()
    assert 0 < older < newer
    kill_at(*DRIVES_WITHHELD, side, lambda: judged(home))
    assert noted() == (older if side == "before" else newer)
    assert judged(home).status == "pass" and noted() == newer


def test_a_published_figure_that_gives_a_withheld_one_away_fails_and_blocks(home: TinyHome) -> None:
    execute(
        home.settings,
        "update publication.indicator_value set status = 'provisional', numerator = 700, value = 700 "
        "where region_code = '520100' and scheme = 'employee'",
    )
    found = judged(home)
    assert (found.status, found.blocking, found.severity) == ("fail", True, "error")
    assert {"520100", "scheme=unknown"} <= {str(value) for row in found.samples for value in row.values()} | {
        part for row in found.samples for part in str(row["cell"]).split()
    }


def test_a_served_cube_that_gives_a_withheld_figure_away_fails(home: TinyHome) -> None:
    execute(
        home.settings,
        "update publication.cube_enrolment set is_suppressed = false, persons = 700 "
        "where region_code = '520100' and scheme = 'employee'",
    )
    found = judged(home)
    assert (found.status, found.blocking) == ("fail", True)
    assert found.unexpected and found.unexpected >= 2


def test_a_province_without_a_second_withheld_region_fails(home: TinyHome) -> None:
    execute(
        home.settings,
        "update publication.indicator_value set status = 'provisional', numerator = 500, value = 500 "
        "where region_code = '520200' and scheme = 'employee'",
        "update publication.indicator_value set status = 'provisional', numerator = 400, value = 400 "
        "where region_code = '520200' and scheme = 'unknown'",
    )
    assert judged(home).status == "fail"
