"""What was taken in step by step ends in the same numbers as what was taken in at once."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.rulings.landed import make_world
from tests.warehouse_api import build_home, build_models, sorted_csv

STEPS = ["b1", "b2"]


def test_batch_by_batch_equals_all_at_once_equals_full_refresh(tmp_path: Path) -> None:
    cases = ["test_settlement_rulings", "test_machinery_rulings"]
    whole = make_world(_folder(tmp_path / "whole"), cases).home
    build_home(whole)
    stepwise = _folder(tmp_path / "stepwise")
    shutil.copytree(whole / "provinces", stepwise / "provinces")
    for step in STEPS:
        shutil.copytree(whole / "landing" / step, stepwise / "landing" / step)
        build_home(stepwise)
    expected = sorted_csv(whole / "warehouse.duckdb")
    assert sorted_csv(stepwise / "warehouse.duckdb") == expected
    build_models(stepwise, full_refresh=True)
    assert sorted_csv(stepwise / "warehouse.duckdb") == expected


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
