"""One corrected month may not make the product read whole settlements of the others, counted by the engine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from bench import again
from bench.wide_reads import WIDE_LIMIT
from tests.conftest import SampleHome, copy_of


@pytest.mark.long
def test_one_corrected_month_reads_no_other_month_whole(sample_home: SampleHome, tmp_path: Path) -> None:
    home = copy_of(sample_home, tmp_path / "home")
    for batch in sample_home.landing.glob("b*"):
        shutil.copytree(batch, home / "landing" / batch.name)
    again.deliver_again(home / "landing", home / "landing", again.BATCHES[0])
    environment = {**os.environ, "BULLETIN_KEY_FILE": str(sample_home.key), "BULLETIN_LANG": "en"}
    reads = again.count_reads(home, environment)
    assert all(rows > 1000 for rows in reads["rows"].values()), reads["rows"]
    assert reads["wide_scans"] >= 2, "the counting run counted nothing"
    assert reads["beyond"] == []
    assert reads["largest_wide_scan"] <= WIDE_LIMIT
