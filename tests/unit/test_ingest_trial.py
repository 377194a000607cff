"""`bulletin try`: what would happen to a file, and that nothing does."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.ingest import try_file
from tests.intake_world import Home, rows


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


def test_try_says_what_would_happen_and_changes_nothing(home: Home) -> None:
    table = [r | {"certno": "52010119700317001X", "note": "y"} for r in rows("setl_d", 10)]
    table[2]["medfee_sumamt"] = "1,000"
    table[3]["psn_no"] = ""
    table[4]["med_type"] = "9977"
    path = home.put_rows("setl_d_x.csv", table, header={"inscp_amt": "inscp_scp_amt"})
    report = try_file(home.settings, path)
    (file,) = report.files
    assert not report.refused and (file.rows_read, file.rows_accepted, file.rows_quarantined, file.rows_held) == (
        10,
        7,
        3,
        1,
    )
    assert ("inscp_scp_amt", "inscp_amt") in file.matched and file.extra == ["note"] and "brdy" in file.missing
    cells = {(cell.row, cell.rule_id, cell.columns): cell.value for cell in file.rejected}
    assert cells[3, "number_form", "medfee_sumamt"] == "1,000" and cells[5, "code_unknown", "med_type"] == "9977"
    for language in ("zh", "en"):
        said = report.message(language)
        assert "1,000" in said and "9977" in said and "52010119700317001X" not in said
    assert (
        not home.settings.warehouse.exists() and not home.settings.raw.exists() and not home.settings.key_file.exists()
    )
    refused = try_file(home.settings, home.put("psn_info_b.csv", "a,b\n"))
    assert refused.refused and "psn_info_b" in refused.message("en")
