"""The warehouse's indicators against what the generator drew: exactly equal, to the last fen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import SampleHome
from tests.truth import expected_indicators, load_truth
from tests.warehouse_api import build_home, compare, headline_frame

HEADLINES = 64


def test_every_headline_indicator_equals_the_truth(sample_home: SampleHome) -> None:
    expected = sample_home.expected
    assert expected["indicator_id"].n_unique() == HEADLINES
    wrong = compare(expected, sample_home.found)
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:40])


def test_every_headline_indicator_has_a_value_for_the_province(sample_home: SampleHome) -> None:
    found = sample_home.found.filter(sample_home.found["region_code"] == sample_home.truth["province"])
    for year in sample_home.years:
        valued = found.filter((found["year"] == year) & found["value"].is_not_null())
        missing = set(sample_home.expected["indicator_id"]) - set(valued["indicator_id"])
        assert not missing, (year, sorted(missing))


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 20240601, 987654321])
@pytest.mark.parametrize("scale", [0.0005, 0.002])
def test_truth_holds_for_other_seeds_and_scales(tmp_path: Path, seed: int, scale: float) -> None:
    from dagster_project.sample import write_sample

    write_sample(tmp_path / "home" / "landing", scale=scale, seed=seed)
    build_home(tmp_path / "home")
    expected = expected_indicators(load_truth(tmp_path / "home" / "truth.json"))
    wrong = compare(expected, headline_frame(tmp_path / "home" / "warehouse.duckdb"))
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:40])
