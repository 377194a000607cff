"""The small regression bench: no part of the product may grow against the yardstick beyond the stated margin."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import regress


@pytest.mark.long
def test_no_part_has_grown_against_the_yardstick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DIR", str(tmp_path))
    found = regress.measure()
    beyond = regress.worse(found, regress.baseline())
    assert not beyond, "\n".join(beyond)
