"""The run with little memory: measured here as it is at scale 1, only smaller."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import little_memory, page_documented


@pytest.mark.long
def test_a_small_run_is_measured_beside_a_full_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DIR", str(tmp_path))
    whole = {"seconds": 20.0, "processor_seconds": 30.0, "peak_bytes": 1e9, "written_bytes": 1e8}
    full = {
        "name": "default", "day": "2026-11-23", "code": "0.1.0", "scales": [{"scale": 0.0003, "product": {"whole": whole}}],
    }  # fmt: skip
    result = little_memory.measure(0.0003, 1.6, full)
    assert result["limits"] == {"BULLETIN_MEMORY_LIMIT": "800MB"}
    assert result["times"] == round(result["whole"]["seconds"] / 20, 2) > 0
    assert {"intake", "core", "publication"} <= set(result["stages"])
    assert 0 < result["whole"]["peak_bytes"] < 1.6e9
    assert not list(tmp_path.glob("*/work"))
    (tmp_path / "little_memory.json").write_text(json.dumps(result), encoding="utf-8")
    (section,) = page_documented.documented(tmp_path)
    assert f"**{result['times']} 倍**" in section
