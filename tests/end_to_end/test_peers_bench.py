"""Other engines beside DuckDB at the smallest scale: those that are here agree, those that are not are said."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import page_documented, peers
from bench.peers import agreed


@pytest.fixture
def without_chdb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scratch folder, and no ClickHouse whatever is installed."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "chdb.py").write_text("raise ImportError('there is no chdb')", encoding="ascii")
    monkeypatch.setenv("PYTHONPATH", str(hidden))
    monkeypatch.setenv("BENCH_DIR", str(tmp_path / "scratch"))
    monkeypatch.delenv("PEERS_PYTHON", raising=False)
    return tmp_path


def test_engines_agree_and_a_missing_one_is_said(without_chdb: Path) -> None:
    result = peers.measure(["duckdb", "polars", "chdb"], 0.0005)
    found = {row["engine"]: row for row in result["engines"]}
    assert found["duckdb"]["rows"] > 10_000
    assert [found[engine]["agrees"] for engine in ("duckdb", "polars", "chdb")] == [True, True, None]
    assert found["chdb"]["missing"] == "there is no chdb"
    (without_chdb / "peers.json").write_text(peers.as_text(result), encoding="utf-8")
    (section,) = page_documented.documented(without_chdb)
    assert "未安装 not installed" in section
    assert f"polars {found['polars']['version']}" in section


def test_an_engine_that_failed_does_not_agree_even_where_duckdb_has_no_answer() -> None:
    rows = [
        {"engine": "polars", "scale": 1, "failed": "out of memory"},
        {"engine": "duckdb", "scale": 2, "answer": ["1"]},
    ]
    assert [row["agrees"] for row in agreed(rows)] == [False, True]
