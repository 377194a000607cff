"""No ruling is skipped silently: each one in reach has a test that carries its number."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
DBT = TESTS.parent / "dbt"
OURS = re.findall(r"^\| (L\d+) \|", (DBT.parent / "docs" / "rulings.md").read_text(encoding="utf-8"), re.MULTILINE)
IN_REACH = [f"R{n}" for n in range(1, 37)] + [f"S{n}" for n in range(1, 18)] + OURS


def rulings_with_a_case() -> dict[str, list[str]]:
    """Ruling numbers that a test function carries in its name, with the files they stand in."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for number in re.findall(r"^def test_([RSL]\d+)_", path.read_text(encoding="utf-8"), re.MULTILINE):
            found.setdefault(number, []).append(path.name)
    return found


def test_every_ruling_in_reach_has_a_case() -> None:
    missing = [number for number in IN_REACH if number not in rulings_with_a_case()]
    assert not missing, f"no test carries the number of {', '.join(missing)}"


def test_no_two_rulings_of_ours_share_a_number() -> None:
    assert len(OURS) == len(set(OURS)) >= 36, sorted(OURS)
