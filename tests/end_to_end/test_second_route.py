"""Three routes to the same numbers: the warehouse, polars over the landed files, and the generator's truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import YEARS, SampleHome
from tests.second_route import SecondRoute, second_route
from tests.truth import expected_indicators, load_truth
from tests.warehouse_api import compare

TOLERANCE = 1e-9


@pytest.fixture(scope="module")
def second(sample_landing: Path) -> SecondRoute:
    """The second route over the session's sample."""
    return second_route(sample_landing / "landing", YEARS)


def test_polars_and_the_truth_agree(second: SecondRoute, sample_landing: Path) -> None:
    wrong = compare(expected_indicators(load_truth(sample_landing / "truth.json")), second.frame)
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:40])


def test_polars_and_the_warehouse_agree(second: SecondRoute, sample_home: SampleHome) -> None:
    wrong = compare(second.frame, sample_home.found)
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:40])
    key = ["indicator_id", "year", "region_code"]
    both = second.frame.join(sample_home.found, on=key, suffix="_found").drop_nulls(["value", "value_found"])
    gap = (both["value"] - both["value_found"]).abs() / both["value"].abs().clip(lower_bound=1.0)
    assert both.height > 0
    assert gap.max() <= TOLERANCE, both.filter(gap > TOLERANCE).head(10)


def test_polars_and_the_intake_hold_back_the_same_rows(second: SecondRoute, sample_home: SampleHome) -> None:
    from tests.warehouse_api import query

    loads = dict(query(sample_home.warehouse, "select source_file, (rows_read, rows_quarantined) from ops.load"))
    ours = {o.file: (o.rows_read, o.quarantined) for o in second.outcomes if not o.refused}
    differing = {
        file: (counts, loaded)
        for file, counts in ours.items()
        for name, loaded in loads.items()
        if name.endswith(file) and tuple(loaded.values() if isinstance(loaded, dict) else loaded) != counts
    }
    assert not differing
