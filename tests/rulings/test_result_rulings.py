"""Cases of the rulings that show in the finished tables only: vintages, aliases, findings across rows."""

from __future__ import annotations

import uuid

from tests.rulings.answers import Warehouse
from tests.warehouse_api import settings_of

ALL_INDICATORS = 247


def test_R26_the_vintage_says_as_of_when(built: Warehouse) -> None:
    assert built.query("select distinct vintage from indicator.indicator_value") == [("2026-03-01_draft",)]


def test_R36_aliases_are_named_and_never_stored_twice(built: Warehouse) -> None:
    kinds = dict(built.query("select kind, count(*) from ops.indicator_dictionary group by kind"))
    assert sum(kinds.values()) == ALL_INDICATORS
    assert kinds["alias"] == 46
    stored = built.query(
        "select count(*) from indicator.indicator_value join ops.indicator_dictionary using (indicator_id) "
        "where kind = 'alias'"
    )
    assert stored == [(0,)]


def test_S3_a_mirror_that_is_not_the_negative_is_a_finding(built: Warehouse) -> None:
    from dagster_project.checks import run_stage

    results = run_stage(settings_of(built.world.home), "core", str(uuid.uuid4()))
    (mirror,) = [result for result in results if "I15" in result.check_name]
    assert (mirror.unexpected, mirror.severity) == (1, "error")
