"""A batch's manifest.json (S8): reading it.

Belongs here: its fields and their forms. Does not belong here: comparing it with the folder (`batches.py`) or with the
content (`decide.py`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from dagster_project.ingest.archives import told
from dagster_project.language import Text


@dataclass(frozen=True)
class Manifest:
    """What a manifest.json says of its folder; `problem` when it cannot be used."""

    folder: Path
    batch: str
    extracted_at: datetime | None = None
    synthetic: bool = False
    province: str | None = None
    delivery: str | None = None
    files: dict[str, dict[str, Any]] | None = None
    problem: Text | None = None


def read_manifest(path: Path, landing: Path) -> Manifest:
    """A manifest.json; one that cannot be used keeps its problem, and its batch is refused with it."""
    folder = path.parent
    name = told(folder, landing)
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
        if not isinstance(content, dict):
            raise ValueError("not an object")
        files = content.get("files")
        return Manifest(
            folder=folder,
            batch=str(content.get("batch") or name),
            extracted_at=_china_time(content.get("extracted_at")),
            synthetic=content.get("synthetic") is True,
            province=str(content["province"]) if content.get("province") else None,
            delivery=_delivery(content.get("delivery")),
            files=None if files is None else {str(entry["file"]): dict(entry) for entry in files},
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        problem = Text(
            f"该批次的 manifest.json 无法使用（{type(error).__name__}）；请按 S8 的格式改正后重试。",
            f"The batch's manifest.json cannot be used ({type(error).__name__}); correct it by ruling S8 and run again.",
        )
        return Manifest(folder=folder, batch=name, problem=problem)


def _china_time(value: Any) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        return moment
    # Data carry naive China time; an offset in the manifest is exact and is brought to it.
    return moment.astimezone(timezone(timedelta(hours=8))).replace(tzinfo=None)


def _delivery(value: Any) -> str | None:
    if value is None:
        return None
    if value not in ("full", "increment"):
        raise ValueError("delivery")
    return str(value)
