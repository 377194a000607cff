"""When new files in landing start a run: once they have stopped growing, once for each, and never beside another run.

Belongs here: what was seen, what was started, the decision. Does not belong here: Dagster (`assets/sensors.py`), reading files
(`ingest/`), whether a file changes while it is read (`ingest/steady.py`).

A folder is looked at every half minute or so. What is new and looks the same at two looks in a row has been copied whole as far as
anybody can tell; if not, intake sees it change and leaves it to the next run.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from dagster_project.language import Text


@dataclass(frozen=True)
class Decision:
    """Whether to start a run now, under which key, what to remember, and why."""

    start: bool
    cursor: str
    reason: Text
    run_key: str = ""


def look(landing: Path) -> set[str]:
    """Marks of the files that lie in landing, manifests among them: another size or time is another mark."""
    marks = set()
    for path in landing.rglob("*"):
        if any(part.startswith((".", "~$")) for part in path.relative_to(landing).parts):
            continue
        try:
            if not path.is_file():
                continue
            status = path.stat()
        except OSError:  # taken away meanwhile
            continue
        told = f"{path.relative_to(landing).as_posix()}|{status.st_size}|{status.st_mtime_ns}"
        # A name in another encoding than the system's, as a copy from Windows leaves it, has no UTF-8 of its own.
        marks.add(hashlib.sha256(os.fsencode(told)).hexdigest()[:16])
    return marks


def decide(cursor: str | None, here: set[str], is_busy: bool) -> Decision:
    """What follows from the last look (`cursor`, as the last decision left it) and this one."""
    started, before = _read(cursor)
    new = here - started
    if not new:
        return Decision(False, _write(started & here, here), Text("没有新文件", "no new file"))
    waiting = _write(started & here, here)
    if new - before:
        return Decision(
            False, waiting, Text("有文件刚到或还在拷贝，等它停下", "files have just come or are still growing")
        )
    if is_busy:
        return Decision(
            False, waiting, Text("另一个运行正在进行，结束后再开始", "another run is at work; it comes after")
        )
    key = hashlib.sha256("".join(sorted(new)).encode()).hexdigest()[:16]
    return Decision(True, _write(here, here), Text(f"{len(new)} 个新文件", f"{len(new)} new files"), key)


def _read(cursor: str | None) -> tuple[set[str], set[str]]:
    """Marks for which a run was started, and marks of the last look; a cursor that cannot be read is none."""
    try:
        content = json.loads(cursor or "{}")
        return set(content.get("started", ())), set(content.get("before", ()))
    except (ValueError, AttributeError, TypeError):
        return set(), set()


def _write(started: set[str], before: set[str]) -> str:
    return json.dumps({"started": sorted(started), "before": sorted(before)})
