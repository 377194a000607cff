"""From a backup to a home: every hash compared, nothing overwritten.

Belongs here: reading a backup's manifest, the new home. Does not belong here: making backups (`backup.py`), copying
(`copying.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from dagster_project import run_lock
from dagster_project.durable import durable_step
from dagster_project.errors import UserError, told_of_the_disk
from dagster_project.ingest.store import prepare_warehouse
from dagster_project.keeping.backup import FORMAT, MANIFEST
from dagster_project.keeping.copying import Changed, clear, copy_all, require_room
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.warehouse import connect

SHOWN = 12


@dataclass(frozen=True)
class Restored:
    """A home that was brought back."""

    home: Path
    files: int
    bytes: int
    made_at: str
    key_fingerprint: str | None


def restore(settings: Settings, source: Path, on_progress: Callable[[int, int, str], None] | None = None) -> Restored:
    """Make the home of `settings` from a backup, whole or not at all.

    Raises UserError (exit 2) when the backup is no backup, is not whole, or the home holds anything; (exit 3) when the disk is
    full or cannot be written to.
    """
    source = Path(source).resolve()
    content = _read(source)
    _require_empty(settings.home)
    listed = {str(entry["path"]): (int(entry["bytes"]), str(entry["sha256"])) for entry in content["files"]}
    _require_all(source, listed)
    parent = settings.home.parent
    with told_of_the_disk(parent):
        parent.mkdir(parents=True, exist_ok=True)
        part = parent / f".{settings.home.name}.restore.part"
        aside = replace(settings, home=part)
        run_lock.hold(aside)  # one restore at a time into one home
        try:
            for left in sorted(part.iterdir()):
                if left.name != "run.lock":
                    _remove(left)
            require_room(parent, sum(size for size, _ in listed.values()))
            copy_all(
                source, part, list(listed), {path: digest for path, (_, digest) in listed.items()},
                on_progress or (lambda done, total, what: None),
            )  # fmt: skip
            (part / "landing").mkdir(exist_ok=True)
        except BaseException as error:
            run_lock.release(aside)
            clear(part)
            if isinstance(error, Changed):
                raise _damaged(source, [str(error)]) from error
            raise
        run_lock.release(aside)
        (part / "run.lock").unlink()
        _remove_empty(settings.home)
        with durable_step("restore.rename"):
            part.rename(settings.home)
    with connect(settings) as connection:
        prepare_warehouse(connection)  # views point at files by their whole path; the next run would do it, too
    size = sum(size for size, _ in listed.values())
    return Restored(settings.home, len(listed), size, str(content.get("made_at", "")), content.get("key_fingerprint"))


def _read(source: Path) -> dict[str, Any]:
    try:
        content = json.loads((source / MANIFEST).read_text(encoding="utf-8"))
        if not isinstance(content, dict) or not isinstance(content.get("files"), list):
            raise ValueError("not a manifest")
        for entry in content["files"]:
            path = PurePosixPath(entry["path"])
            if path.is_absolute() or ".." in path.parts or not path.parts:
                raise ValueError("a path leads out of the backup")
            int(entry["bytes"]), str(entry["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            Text(
                "这不是完整的备份：backup.json 缺失或无法使用。",
                "This is no whole backup: backup.json is missing or unusable.",
            ),
            where=f"{source / MANIFEST} ({type(error).__name__})",
            todo=Text(
                "给出 bulletin backup 打印的那个文件夹；以 .part 结尾的是没有完成的备份，不能用。",
                "Give the folder that `bulletin backup` printed; one that ends in .part was never finished.",
            ),
        ) from error
    if content.get("format") != FORMAT:
        raise UserError(
            Text("备份的格式不是本版本认识的。", "The format of the backup is not one that this version knows."),
            where=f"{source / MANIFEST}: format {content.get('format')}",
            todo=Text("用写出它的版本恢复。", "Restore it with the version that wrote it."),
        )
    return content


def _require_all(source: Path, listed: dict[str, tuple[int, str]]) -> None:
    """Sizes first, which costs nothing: most broken backups lack a file or its end."""
    bad = [path for path, (size, _) in listed.items() if not _has_size(source / path, size)]
    if bad:
        raise _damaged(source, bad)


def _damaged(source: Path, bad: list[str]) -> UserError:
    return UserError(
        Text(
            f"备份已损坏：{len(bad)} 个文件缺失或与清单不符；没有恢复任何文件。",
            f"The backup is damaged: {len(bad)} files are missing or not what its manifest says; nothing was restored.",
        ),
        where="\n".join([str(source), *bad[:SHOWN]]),
        todo=Text("换用另一份备份。", "Use another backup."),
    )


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _require_empty(home: Path) -> None:
    if not home.exists():
        return
    if not home.is_dir() or any(not path.is_dir() for path in home.rglob("*")):
        raise UserError(
            Text(
                "家目录不是空的；恢复从不覆盖，未做任何改动。",
                "The home is not empty; a restore overwrites nothing, nothing was done.",
            ),
            where=str(home),
            todo=Text("用 --home 指定一个新文件夹。", "Name a new folder with --home."),
        )


def _remove_empty(home: Path) -> None:
    """Take an empty home away, so that the restored one can take its name."""
    if home.exists():
        for folder in sorted((path for path in home.rglob("*")), reverse=True):
            folder.rmdir()
        home.rmdir()


def _remove(path: Path) -> None:
    if path.is_dir():
        clear(path)
    else:
        path.unlink()
