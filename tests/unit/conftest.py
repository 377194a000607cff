"""What several test modules of this folder look at.

Belongs here: things that are dear to make and never changed. Does not belong here: expectations, helpers of one module.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dagster_project.sample import write_sample
from tests.small_sample import SCALE, SEED, YEARS


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two years of a small province, as the generator writes them; to be read only."""
    home = tmp_path_factory.mktemp("small")
    write_sample(home / "landing", scale=SCALE, years=YEARS, seed=SEED)
    return home


@pytest.fixture(scope="session")
def small_truth(small_home: Path) -> dict[str, Any]:
    """What the generator says it wrote."""
    content: dict[str, Any] = json.loads((small_home / "truth.json").read_text(encoding="utf-8"))
    return content
