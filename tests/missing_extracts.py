"""Landing folders from which extracts are left out, as when a data centre has not delivered them yet.

Belongs here: copying a landing folder without some files, and what a home must look like after a run on it. Does not belong
here: which extracts are left out.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from dagster_project.contracts import load_contracts
from tests.truth import expected_indicators, load_truth
from tests.warehouse_api import Spoken, compare, headline_frame, query

NULL_PARTS = "value is null and numerator is null and denominator is null"


def extract_of(name: str) -> str:
    """The extract of a file of the sample."""
    return max((table for table in load_contracts() if name.startswith(table)), key=len)


def copy_landing(source: Path, home: Path, keep: Callable[[str], bool]) -> None:
    """Copy a landing folder into a home with the files that `keep` wants; manifests list no more than is there."""
    shutil.copytree(source, home / "landing")
    for manifest in list((home / "landing").rglob("manifest.json")):
        content = json.loads(manifest.read_text(encoding="utf-8"))
        for entry in content["files"]:
            if not keep(entry["file"]):
                (manifest.parent / entry["file"]).unlink()
        content["files"] = [entry for entry in content["files"] if keep(entry["file"])]
        if content["files"]:
            manifest.write_text(json.dumps(content), encoding="utf-8")
        else:
            shutil.rmtree(manifest.parent)


def assert_published(said: Spoken, home: Path, year: int) -> None:
    """The run ended well, its bulletin and database are there, and no place goes without a name."""
    assert said.code == 0 and not said.has_traceback, said.text
    folders = list((home / "publication" / str(year)).iterdir())
    assert [folder.name for folder in folders] == ["2026-03-01_draft"]
    assert (folders[0] / "bulletin.docx").exists() and (home / "serving" / "medical_insurance.duckdb").exists()
    nameless = query(
        home / "warehouse.duckdb",
        "select distinct region_code from indicator.indicator_value where region_code not in "
        "(select region_code from core.dim_region where region_name <> region_code)",
    )
    assert nameless == []


def assert_only_dependents_are_missing(home: Path, missing: set[str]) -> None:
    """What needs a missing extract names it and has no number; something else is computed."""
    warehouse = home / "warehouse.duckdb"
    needs: dict[str, set[str]] = {}
    for indicator, extract in query(warehouse, "select indicator_id, extract from ops.indicator_extract"):
        needs.setdefault(indicator, set()).add(extract)
    rows = query(
        warehouse,
        f"select indicator_id, status, coalesce(reason, ''), {NULL_PARTS}, value is not null from indicator.indicator_value "
        "where period_kind = 'year' and breakdown = 'total'",
    )
    contracts = load_contracts()
    computed = set()
    for indicator, status, reason, is_null, has_value in rows:
        absent = needs.get(indicator, set()) & missing
        zh, _, en = reason.partition(" / ")
        if absent:
            assert status == "not_computable" and is_null, (indicator, status)
            assert all(f"{contracts[one].name_zh}（{one}）" in zh for one in absent), reason
            assert all(f"{contracts[one].name_en} ({one})" in en for one in absent), reason
        elif any(one in reason for one in missing):  # a part of it, such as the visits below a mean, needs the extract
            assert status == "not_computable" and is_null, (indicator, status)
        else:
            named = not reason or "分母为零" in zh or any(f"（{one}）" in zh and f"({one})" in en for one in contracts)
            assert named, reason
            computed |= {indicator} if has_value else set()
    assert computed


def assert_rest_equals_truth(home: Path, truth: Path, missing: set[str]) -> None:
    """Every indicator that needs none of the missing extracts is what the generator drew."""
    expected = expected_indicators(load_truth(truth))
    blocked = {
        row[0]
        for row in query(home / "warehouse.duckdb", "select indicator_id, extract from ops.indicator_extract")
        if row[1] in missing
    }
    kept = expected.filter(~expected["indicator_id"].is_in(sorted(blocked)))
    wrong = compare(kept, headline_frame(home / "warehouse.duckdb"))
    assert not wrong, (len(wrong), wrong[:10])
