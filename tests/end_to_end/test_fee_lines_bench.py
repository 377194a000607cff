"""The bench of charge lines at its smallest: intake loses and changes nothing of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import fee_lines


def test_copied_lines_are_taken_in_and_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DIR", str(tmp_path))
    monkeypatch.setattr(fee_lines, "LINES_A_FILE", 20_000)
    result = fee_lines.measure(40_000, scale="0.0005")
    assert result["lines"] >= 40_000
    assert result["settlements"] > 10_000
    assert result["differing"] == result["differing_expected"]
    assert result["raw_bytes_a_line"] > 1
    assert result["year"][0]["lines"] == 1_000_000_000
    assert not list(tmp_path.glob("scratch*"))
