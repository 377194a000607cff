"""A verified copy of a home in a folder of its own, with a manifest of hashes.

Belongs here: what a backup holds, its name, its making. Does not belong here: copying files (`copying.py`), the way back
(`restore.py`).

A backup holds what cannot be made again from anything else: the warehouse with `ops`, raw, quarantine, publications, the
province's definitions, introductions written by hand, records of deliveries and the alert settings; and what a restored home is
to show at once: the served file, the page of checks and Dagster's history of runs. Landing only when asked. Never the key:
whoever has both could undo the pseudonyms. Logs, documents of dbt and past states (`as_of/`) are made again when needed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project import run_lock
from dagster_project.china_time import in_china
from dagster_project.durable import durable_step
from dagster_project.errors import UserError, told_of_the_disk
from dagster_project.ingest.store import get_meta, prepare_warehouse
from dagster_project.keeping.copying import (
    HISTORY,
    Changed,
    clear,
    copy_all,
    is_copied_beside,
    require_room,
)
from dagster_project.keeping.inventory import kept_files
from dagster_project.keeping.verify import Fault, broken, require_whole
from dagster_project.language import Text
from dagster_project.run import code_version
from dagster_project.settings import Settings, now
from dagster_project.warehouse import clear_work, connect, is_read_only

MANIFEST = "backup.json"
FORMAT = 1
FOLDERS = ("raw", "quarantine", "publication", "provinces", "manifests", "editorial", "serving", HISTORY)
FILES = ("warehouse.duckdb", "warehouse.duckdb.wal", "alerts.json", "checks.html")


@dataclass(frozen=True)
class Backup:
    """A finished backup."""

    folder: Path
    files: int
    bytes: int


def backup(
    settings: Settings,
    target: Path,
    with_landing: bool = False,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> Backup:
    """Copy a home into a new folder below `target`, whole or not at all.

    Raises UserError (exit 2) for a target inside the home, without a parent, or while a run is at work; (exit 3) for a home that
    is not whole and for a disk that is full or cannot be written to.
    """
    target = Path(target).resolve()
    _require_place(settings, target)
    # A disk that can only be read any more is one to save a home from: nobody else can be writing there either.
    can_write = not is_read_only(settings)
    if can_write:
        run_lock.hold(settings)
    try:
        if can_write:
            clear_work(settings)
        with connect(settings) as connection:
            require_whole(connection, settings)
            if can_write:
                prepare_warehouse(connection)
                connection.execute("checkpoint")
            hashes = {kept.path: kept.sha256 for kept in kept_files(connection) if kept.sha256 is not None}
            about = {key: get_meta(connection, key) for key in ("province", "synthetic", "key_fingerprint")}
        paths = _paths(settings, with_landing)
        size = sum((settings.home / path).stat().st_size for path in paths)
        with told_of_the_disk(target):
            target.mkdir(exist_ok=True)
            # A killed attempt of this very home is nobody else's.
            part = target / f".{settings.home.name}-{hashlib.sha256(str(settings.home).encode()).hexdigest()[:8]}.part"
            clear(part)
            require_room(target, size)
            part.mkdir(mode=0o700)
            try:
                copied = copy_all(settings.home, part, paths, hashes, on_progress or (lambda done, total, what: None))
            except Changed as changed:
                clear(part)
                what = Text("内容与入库时不同（sha256）", "the content has changed (sha256)")
                raise broken(settings, [Fault(str(changed), what)]) from changed
            except BaseException:
                clear(part)
                raise
            content: dict[str, Any] = {
                "format": FORMAT, "made_at": now().isoformat() + "Z", "code_version": code_version(), **about,
                "with_landing": with_landing, "files": [one.entry() for one in copied],
            }  # fmt: skip
            _write(part / MANIFEST, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
            folder = _free_name(target, settings)
            with durable_step("backup.rename"):
                part.rename(folder)
    finally:
        run_lock.release(settings)
    return Backup(folder, len(copied), size)


def _require_place(settings: Settings, target: Path) -> None:
    if target.is_relative_to(settings.home):
        raise UserError(
            Text("备份不能放在家目录里面。", "A backup cannot lie inside the home."),
            where=str(target),
            todo=Text("选另一块磁盘上的文件夹。", "Choose a folder on another disk."),
        )
    if target.exists() and not target.is_dir():
        raise UserError(Text("目标是文件，不是文件夹。", "The target is a file, not a folder."), where=str(target))
    if not target.parent.is_dir():
        raise UserError(
            Text("目标文件夹的上级不存在。", "The folder above the target does not exist."),
            where=str(target.parent),
            todo=Text("检查磁盘是否已挂载、路径是否写对。", "Check that the disk is mounted and the path is right."),
        )


def _paths(settings: Settings, with_landing: bool) -> list[str]:
    """Files to copy, relative to the home; links are followed to files, the key is left out wherever it lies."""
    key = settings.key_file.resolve()
    found = [settings.home / name for name in FILES]
    for name in (*FOLDERS, *(("landing",) if with_landing else ())):
        found += sorted((settings.home / name).rglob("*"))
    paths = [path.relative_to(settings.home).as_posix() for path in found if path.is_file() and path.resolve() != key]
    return [path for path in paths if not is_copied_beside(settings.home, path)]


def _free_name(target: Path, settings: Settings) -> Path:
    """`<home>_<moment in China>`, numbered where a backup of the same second stands."""
    name = f"{settings.home.name}_{in_china(now()).strftime('%Y%m%dT%H%M%S')}"
    place, number = target / name, 2
    while place.exists():
        place, number = target / f"{name}_{number}", number + 1
    return place


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
