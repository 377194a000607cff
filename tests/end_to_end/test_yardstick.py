"""The bench's yardstick is worth something only while it computes the same numbers as the product."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from bench import compare, peer_engines, yardstick
from tests.conftest import SampleHome


@pytest.fixture(scope="module")
def measured(sample_home: SampleHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The yardstick's database over the landing folder of the session's sample."""
    database = tmp_path_factory.mktemp("yardstick") / "yardstick.duckdb"
    timed = yardstick.run(sample_home.landing, database, sample_home.key.read_bytes(), threads=2)
    assert [section["stage"] for section in timed] == ["intake", "model"]
    return database


def test_the_yardstick_has_our_numbers(measured: Path, sample_home: SampleHome) -> None:
    headlines = measured.with_name("headlines.duckdb")
    compare.take_headlines(sample_home.warehouse, headlines)
    comparison = compare.compare(headlines, measured)
    assert comparison.headlines == 64
    assert comparison.compared == 64 * len(sample_home.years) * comparison.regions
    assert not comparison.different


def test_the_yardstick_has_our_pseudonyms(measured: Path, sample_home: SampleHome) -> None:
    with duckdb.connect(str(sample_home.warehouse)) as connection:
        connection.execute(f"attach '{measured}' as yardstick (read_only)")
        found = connection.execute(
            "select count(*), count(*) filter (where ours.psn_no is null) from (select distinct person from "
            "yardstick.settlement) as theirs left join (select distinct psn_no from raw.setl_d) as ours "
            "on theirs.person = ours.psn_no"
        ).fetchone()
    assert found is not None and found[0] > 0 and found[1] == 0


def test_the_peers_that_the_project_has_agree(sample_home: SampleHome, tmp_path: Path) -> None:
    for path in sample_home.landing.glob("*/setl_d_*.parquet"):
        (tmp_path / path.name).symlink_to(path)
    answers = [[float(value) for value in peer_engines.ENGINES[engine](tmp_path)[2]] for engine in ("duckdb", "polars")]
    assert answers[0] == answers[1]
    assert answers[0][0] > 1000
