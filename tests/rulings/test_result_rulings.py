"""Cases of the rulings that show in the finished tables only: aliases, findings across rows."""

from __future__ import annotations

import re
import uuid

from tests.rulings.answers import Warehouse
from tests.warehouse_api import settings_of

ALL_INDICATORS = 247


def test_R36_aliases_are_named_and_never_stored_twice(built: Warehouse) -> None:
    rows = built.query(
        "select indicator_id, kind, formula, alias_of, reason_zh, reason_en from ops.indicator_dictionary"
    )
    assert len({row[0] for row in rows}) == ALL_INDICATORS
    for indicator, kind, formula, alias_of, reason_zh, reason_en in rows:
        named = re.match(r"alias of (\w+)", formula or "")
        assert named is None or (kind, alias_of) == ("alias", named[1]), indicator
        assert kind != "alias" or alias_of, indicator
        assert kind not in ("not_yet", "not_applicable") or (reason_zh and reason_en), f"{indicator} gives no reason"
    aliases = {row[0] for row in rows if row[1] == "alias"}
    stored = {row[0] for row in built.query("select distinct indicator_id from indicator.indicator_value")}
    assert aliases and not aliases & stored


def test_S3_a_mirror_that_is_not_the_negative_is_a_finding(built: Warehouse) -> None:
    from dagster_project.checks import run_stage

    results = run_stage(settings_of(built.world.home), "core", str(uuid.uuid4()))
    (mirror,) = [result for result in results if result.check_name == "mirror_amounts_differ"]
    assert (mirror.unexpected, mirror.severity) == (1, "error")
    assert mirror.status == "fail", "one mirror of ten is far above 0.1 %"


def test_L24_a_breakdown_that_no_extract_carries_says_why(built: Warehouse) -> None:
    rows = built.query(
        "select distinct other_dimension, other_member, numerator, value, status, reason from indicator.indicator_value "
        "where indicator_id = 'ma_expenditure' and other_dimension <> 'total'"
    )
    ((dimension, member, numerator, value, status, reason),) = rows
    assert (dimension, member, numerator, value, status) == (
        "population_group",
        "unknown",
        None,
        None,
        "not_computable",
    )
    assert "台账不分人群" in reason and "fund_ledger_m" in reason and " / " in reason
