"""The release descriptor: what a publication was made from, by what, and what it consists of.

Belongs here: `release.json`. Does not belong here: documents, writing folders.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import polars as pl

from dagster_project.bulletin.document import Document, plain
from dagster_project.bulletin.reading import Sources
from dagster_project.bulletin.register import printed_figures
from dagster_project.checks.model import CheckResult
from dagster_project.disclosure import SUPPRESSED, Parameters
from dagster_project.settings import now

FILE = "release.json"
_PACKAGE = "medical-insurance-bulletin"


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def code_version(sources: Sources, run_id: str) -> str:
    """Version recorded by the run, else that of the installed package."""
    for row in sources.register("ops.run").iter_rows(named=True):
        if row["run_id"] == run_id and row["code_version"]:
            return str(row["code_version"])
    try:
        return version(_PACKAGE)
    except PackageNotFoundError:
        return "unknown"


def describe(
    sources: Sources,
    document: Document,
    parameters: Parameters,
    vintage: str,
    run_id: str,
    values_sha256: str,
    results: Sequence[CheckResult],
) -> dict[str, Any]:
    """Everything of the descriptor but the list of files; `results` are those of the checks that its data have been through."""
    printed = [one.figure for one in printed_figures(document)]
    # Of every number, printed or not: a later comparison of vintages has to know by what it was made (L85).
    used = sorted(sources.values["definition_id"].drop_nulls().unique())
    return {
        "title": plain(document.title),
        "year": sources.year,
        "vintage": vintage,
        "kind": vintage.partition("_")[2],
        "status": "final" if vintage.endswith("_bulletin") else "provisional",
        "frozen": False,
        "synthetic": sources.synthetic,
        "notice": "合成数据，非真实统计 / synthetic data, not real statistics" if sources.synthetic else "",
        "region_code": sources.region,
        "as_of": sources.as_of.isoformat(),
        "made_at": now().isoformat() + "Z",
        "run_id": run_id,
        "code_version": code_version(sources, run_id),
        "values_sha256": values_sha256,
        "figures_printed": len(printed),
        "disclosure": {
            "min_cell": parameters.min_cell,
            "suppressed_annual_values": sources.values.filter(
                (pl.col("status") == SUPPRESSED) & (pl.col("year") == sources.year)
            ).height,
        },
        "definitions": {definition: _switches(sources, definition) for definition in used},
        "checks": _checks(results),
        "inputs": inputs_of(sources),
    }


def _switches(sources: Sources, definition: str) -> dict[str, str]:
    frame = sources.register("indicator.definition").filter(pl.col("definition_id") == definition).sort("switch")
    return {row["switch"]: str(row["value"]) for row in frame.iter_rows(named=True)}


def _checks(results: Sequence[CheckResult]) -> dict[str, Any]:
    """Number of check results by stage and status, the names of blocking ones that did not pass, the waivers."""
    stages: dict[str, dict[str, int]] = {}
    for result in sorted(results, key=lambda one: (one.stage, one.status)):
        stage = stages.setdefault(result.stage, {})
        stage[result.status] = stage.get(result.status, 0) + 1
    failures = sorted(f"{result.stage}.{result.check_name}" for result in results if result.blocking)
    waived = [
        {"check": f"{result.stage}.{result.check_name}", "unexpected": result.unexpected, "until": waiver.until.isoformat(),
         "who": waiver.who, "reason": waiver.reason, "region": waiver.region, "month": waiver.month}
        for result in results for waiver in result.waivers
    ]  # fmt: skip
    return {"by_stage": stages, "blocking_failures": failures, "waived": waived}


def inputs_of(sources: Sources) -> list[dict[str, Any]]:
    """The files that the home had taken in when its tables were read, with hash and rows."""
    frame = sources.register("ops.load")
    wanted = ["load_id", "extract", "source_file", "sha256", "rows_read", "rows_accepted", "rows_quarantined"]
    columns = [name for name in wanted if name in frame.columns]
    return frame.select(columns).sort(columns[0]).to_dicts() if columns and frame.height else []


def file_list(folder: Path) -> list[dict[str, Any]]:
    """Path, size and hash of every file below a folder, the descriptor excepted."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != FILE)
    return [
        {"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": file_hash(path)}
        for path in files
    ]


def write(folder: Path, descriptor: dict[str, Any]) -> None:
    """Write the descriptor, with the files that the folder holds now."""
    content = {**descriptor, "files": file_list(folder)}
    (folder / FILE).write_text(json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8")


def read(folder: Path) -> dict[str, Any]:
    """The descriptor of a publication folder, {} where it has none."""
    path = folder / FILE
    if not path.exists():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
