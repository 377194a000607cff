"""What the finished run publishes says as of when it was made (R26)."""

from __future__ import annotations

import json

from tests.conftest import SampleHome


def test_R26_a_vintage_carries_its_as_of_date(sample_home: SampleHome) -> None:
    folder = sample_home.home / "publication" / str(sample_home.years[-1]) / "2026-03-01_draft"
    release = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    # The day of the clock of all tests; the name of the vintage holds it too, so the field itself is asked.
    assert (release["as_of"], release["vintage"]) == ("2026-03-01", "2026-03-01_draft")
