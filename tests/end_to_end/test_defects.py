"""Every defect the generator planted lands where the truth says, and no row is lost on the way."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.conftest import SampleHome
from tests.warehouse_api import query


@pytest.fixture(scope="module")
def loads(sample_home: SampleHome) -> dict[str, tuple[int, int, int]]:
    """Rows read, accepted and quarantined by landed file."""
    rows = query(sample_home.warehouse, "select source_file, rows_read, rows_accepted, rows_quarantined from ops.load")
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def _of(file: str, loads: dict[str, Any]) -> Any:
    """The entry of a file, whichever folder its path starts from."""
    return next((value for name, value in loads.items() if name == file or name.endswith("/" + file)), None)


def test_rows_read_are_accepted_or_quarantined(loads: dict[str, tuple[int, int, int]]) -> None:
    assert loads
    assert all(read == accepted + held for read, accepted, held in loads.values())


def test_every_file_ends_as_the_truth_says(sample_home: SampleHome, loads: dict[str, tuple[int, int, int]]) -> None:
    wrong = []
    for file in sample_home.truth["files"]:
        found = _of(file["file"], loads)
        if file["refused"]:
            wrong += [f"{file['file']} should have been refused"] if found else []
        elif found is None:
            wrong.append(f"{file['file']} was not loaded")
        elif (found[0], found[2]) != (file["rows_read"], file["rows_quarantined"]):
            wrong.append(f"{file['file']}: expected {file['rows_read']}/{file['rows_quarantined']}, found {found}")
    assert not wrong, "\n".join(wrong[:40])


def test_every_defect_is_held_by_its_rule(sample_home: SampleHome) -> None:
    planted: Counter[tuple[str, str]] = Counter()
    for defect in sample_home.truth["defects"]:
        planted[defect["extract"], defect["kind"]] += defect["rows"]
    held = {
        (extract, rule): rows
        for extract, rule, rows in query(
            sample_home.warehouse,
            "select extract, rule, count(*) from (select extract, unnest(rule_ids) as rule from quarantine.rejected_row) "
            "group by all",
        )
    }
    assert planted
    assert {key: held.get(key, 0) for key in planted} == dict(planted)


def test_nothing_but_planted_defects_is_held(sample_home: SampleHome) -> None:
    planted = sum(file["rows_quarantined"] for file in sample_home.truth["files"] if not file["refused"])
    assert query(sample_home.warehouse, "select count(*) from quarantine.rejected_row") == [(planted,)]


def test_superseded_versions_are_counted(sample_home: SampleHome) -> None:
    for extract, told in sample_home.truth["versions"].items():
        found = query(
            sample_home.warehouse,
            "select count(*) from (select distinct load_id, source_row from ops.superseded where extract = ?)",
            [extract],
        )
        assert found == [(told["superseded"],)], extract


def test_all_nine_kinds_of_reversal_are_in_the_sample(sample_home: SampleHome) -> None:
    kinds = sample_home.truth["reversals"]
    assert len(kinds) == 9
    assert all(count > 0 for count in kinds.values()), kinds
