"""Copying files so that a copy is known to be one: hashed while it is read, written to the disk, read back.

Belongs here: one file, a list of files, and what to say when the disk does not play along. Does not belong here: which files
(`backup.py`, `restore.py`).

Dagster's history lies in SQLite files that its server may write to while they are copied: SQLite itself copies them, whole and
with what still stands in their logs. Where nothing can be written nobody does, and files and logs are copied as they lie there.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from dagster_project.content_hash import hash_of
from dagster_project.durable import durable_step
from dagster_project.errors import ExitCode, UserError
from dagster_project.language import Text

Progress = Callable[[int, int, str], None]
_PIECE = 1 << 20
# Folder of a home with Dagster's history of runs.
HISTORY = "dagster"
_LOGS_OF_SQLITE = ("-wal", "-shm", "-journal")


class Changed(Exception):
    """A file whose content is not what its recorded hash says; its text is the path."""


@dataclass(frozen=True)
class Copied:
    """One file of a copy: path relative to its folder, size and SHA-256."""

    path: str
    bytes: int
    sha256: str

    def entry(self) -> dict[str, object]:
        """As it stands in the manifest of a backup."""
        return asdict(self)


def copy_all(
    source: Path, target: Path, paths: Sequence[str], expected: dict[str, str], on_progress: Progress
) -> list[Copied]:
    """Copy files by relative path and read each copy back. Raises Changed at the first whose hash is not the expected one."""
    done = []
    for place, path in enumerate(paths):
        on_progress(place, len(paths), path)
        wanted = expected.get(path)
        is_history = wanted is None and path.startswith(f"{HISTORY}/") and path.endswith(".db")
        one = (_copy_history if is_history else _copy)(source / path, target / path)
        if wanted is not None and one != wanted:
            raise Changed(path)
        done.append(Copied(path, (target / path).stat().st_size, one))
    on_progress(len(paths), len(paths), "")
    return done


def _copy(source: Path, target: Path) -> str:
    """Copy one file; its hash, which the copy has been read back for."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with source.open("rb") as reading, target.open("xb") as writing:
        while piece := reading.read(_PIECE):
            digest.update(piece)
            writing.write(piece)
        writing.flush()
        os.fsync(writing.fileno())
    shutil.copystat(source, target)
    if hash_of(target) != digest.hexdigest():
        raise OSError(errno.EIO, "the copy differs from what was written", str(target))
    return digest.hexdigest()


def is_copied_beside(home: Path, path: str) -> bool:
    """Whether a file is a log of a SQLite file of the history, whose content is copied with that."""
    return path.startswith(f"{HISTORY}/") and path.endswith(_LOGS_OF_SQLITE) and _is_written_to(home / path)


def _is_written_to(path: Path) -> bool:
    return os.access(path.parent, os.W_OK)


def _copy_history(source: Path, target: Path) -> str:
    """Copy a SQLite file as of one moment; its hash. What SQLite cannot read is copied as it lies there."""
    if not _is_written_to(source):
        return _copy(source, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as reading,
            closing(sqlite3.connect(target)) as writing,
        ):
            reading.backup(writing)
            if writing.execute("pragma quick_check").fetchall() != [("ok",)]:
                raise sqlite3.DatabaseError("damaged")
    except sqlite3.Error:
        target.unlink(missing_ok=True)
        return _copy(source, target)
    with target.open("rb") as copied:
        os.fsync(copied.fileno())
    shutil.copystat(source, target)
    return hash_of(target)


def require_room(folder: Path, wanted: int) -> None:
    """Raises UserError (exit 3) when the disk of a folder has less free than `wanted` bytes."""
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise UserError(
            Text(
                f"磁盘放不下：需要 {wanted / 1e6:,.1f} MB，剩余 {free / 1e6:,.1f} MB；未做任何改动。",
                f"The disk is too small: {wanted / 1e6:,.1f} MB are needed, {free / 1e6:,.1f} MB are free; nothing was done.",
            ),
            where=str(folder),
            todo=Text("腾出空间或换一个目标。", "Make room or choose another target."),
            code=ExitCode.BROKEN_INSTALLATION,
        )


def clear(folder: Path) -> None:
    """Remove a folder that an earlier attempt left unfinished."""
    if folder.exists():
        with durable_step("keeping.clear"):
            shutil.rmtree(folder)
