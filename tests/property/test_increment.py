"""Increment = full rebuild: whatever came in whichever steps, every table ends in the same bytes as all at once."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.changing_world import CHANGES, ChangingWorld
from tests.state import differences, tables
from tests.warehouse_api import build_home, build_models

Changes = list[tuple[str, int, int]]
CHANGE = st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(0, 99), st.integers(0, 3))
DELIVERIES = st.lists(st.lists(CHANGE, min_size=1, max_size=5), min_size=1, max_size=3)
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]


def check(deliveries: list[Changes], full_refresh: bool = False) -> None:
    """Deliver step by step in one home and all at once in another, under one key, and compare."""
    made = ChangingWorld()
    for changes in deliveries:
        made.deliver(changes)
    with tempfile.TemporaryDirectory(prefix="increment-") as folder:
        whole, stepwise, key = Path(folder) / "whole", Path(folder) / "steps", Path(folder) / "key"
        made.write(whole / "landing")
        for batch in made.moments:
            landed = (whole / "landing" / batch).exists()
            if landed:
                shutil.copytree(whole / "landing" / batch, stepwise / "landing" / batch)
            made.decide(whole, batch)
            if made.decide(stepwise, batch) or landed:
                build_home(stepwise, key)
        build_home(whole, key)
        told = tables(stepwise / "warehouse.duckdb")
        assert differences(told, tables(whole / "warehouse.duckdb")) == []
        if full_refresh:
            build_models(stepwise, key, full_refresh=True)
            assert differences(told, tables(stepwise / "warehouse.duckdb")) == []


EVERYTHING: list[Changes] = [
    [("newer_version", 1, 0), ("reversal", 3, 2), ("further_row", 5, 2), ("closed", 1, 0), ("unknown_code", 2, 1)],
    [("reversal", 16, 0), ("older_version", 1, 0), ("registry", 0, 1), ("region", 1, 0), ("again", 0, 0), ("late_row", 4, 3),
     ("group_result", 1, 0), ("person", 1, 0), ("employer", 1, 0)],
    # No settlement: what settlements are compared with, for months that nothing else makes due.
    [("split_corrected", 2, 0), ("split_late", 4, 0), ("line_corrected", 5, 0), ("line_moved", 12, 0), ("line_late", 6, 0)],
    [("withdrawn", 3, 0), ("late_encounter", 9, 2), ("late_encounter", 8, 0), ("ledger", 0, 1), ("choices", 0, 0), ("choices", 7, 2)],
    [("choices", 4, 0), ("choices", 5, 0), ("ledger", 0, 1)],
    # A choice that the dictionary's terms alone name, and nothing beside it.
    [("choices", 6, 0)],
]  # fmt: skip


def test_every_kind_of_change_at_once() -> None:
    assert {kind for changes in EVERYTHING for kind, _, _ in changes} >= CHANGES.keys() - {"split_mended"}
    check(EVERYTHING, full_refresh=True)


@pytest.mark.long
@settings(max_examples=1, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=SLOW)
@given(deliveries=DELIVERIES)
def test_any_deliveries(deliveries: list[Changes]) -> None:
    check(deliveries)


@pytest.mark.long
@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=SLOW)
@given(deliveries=DELIVERIES)
@example(deliveries=[[("reversal", 0, 1)], [("reversal", 16, 2)], [("reversal", 17, 3)]])
@example(deliveries=[[("split_corrected", 2, 0)], [("split_mended", 2, 0)], [("line_late", 4, 0)]])
@example(deliveries=[[("group_result", 1, 0)], [("person", 1, 0)], [("employer", 1, 0), ("group_result", 9, 0)]])
@example(
    deliveries=[[("choices", 0, 0)], [("withdrawn", 9, 0), ("choices", 1, 2)], [("choices", 3, 0), ("late_row", 1, 1)]]
)
@example(
    deliveries=[[("closed", 0, 0)], [("closed", 0, 0), ("registry", 0, 0)], [("region", 0, 0), ("late_row", 0, 0)]]
)
def test_many_deliveries(deliveries: list[Changes]) -> None:
    check(deliveries)
