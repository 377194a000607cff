"""What `make clean` removes, and what it leaves alone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from dagster_project.settings import PROJECT_ROOT

MADE = ("warehouse.duckdb", "raw/setl_d/1.parquet", "quarantine/setl_d/1.parquet", "serving/medical_insurance.duckdb")
KEPT = ("landing/b1/setl_d.csv", "publication/2025/final/bulletin.html")


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_clean_empties_samples_and_leaves_homes_of_real_data_alone(tmp_path: Path) -> None:
    for home in ("sample", "home"):
        for name in (*MADE, *KEPT):
            path = tmp_path / "data" / home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    (tmp_path / "data" / "sample" / "landing" / "synthetic.json").touch()
    words = ["make", "-f", str(PROJECT_ROOT / "Makefile"), "clean"]
    said = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    left = {path.relative_to(tmp_path / "data").as_posix() for path in tmp_path.rglob("data/*/**/*") if path.is_file()}
    assert left == {f"home/{name}" for name in (*MADE, *KEPT)} | {f"sample/{name}" for name in KEPT} | {
        "sample/landing/synthetic.json"
    }
    (alone,) = [line for line in said.splitlines() if "left alone" in line]
    assert "data/home" in alone and "data/sample" not in alone
