"""Copying files so that a copy is known to be one: hashed while it is read, written to the disk, read back.

Belongs here: one file, a list of files, and what to say when the disk does not play along. Does not belong here: which files
(`backup.py`, `restore.py`).
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from dagster_project.durable import durable_step
from dagster_project.errors import ExitCode, UserError
from dagster_project.keeping.inventory import hash_of
from dagster_project.language import Text

Progress = Callable[[int, int, str], None]
_PIECE = 1 << 20


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
        one = _copy(source / path, target / path)
        wanted = expected.get(path)
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


@contextmanager
def told_of_the_disk(folder: Path) -> Iterator[None]:
    """Turn what a disk refuses into a message (exit 3): full, read-only, no rights."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            what = Text(
                "磁盘已满，没有完成；原有内容未动。", "The disk is full; not completed, what was there is untouched."
            )
            todo = Text("腾出空间或换一个目标后重试。", "Make room or choose another target and try again.")
        elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            what = Text(
                "目标不可写（只读或没有权限）；未做任何改动。",
                "Read-only or no right to write there; nothing was done.",
            )
            todo = Text(
                "换一个可写的目标，或请管理员授权。", "Choose a folder that can be written to, or ask for the right."
            )
        else:
            what = Text(
                f"读写失败：{error.strerror}；没有完成。",
                f"Reading or writing failed: {error.strerror}; not completed.",
            )
            todo = Text("检查磁盘和路径后重试。", "Check the disk and the path and try again.")
        raise UserError(
            what, where=str(error.filename or folder), todo=todo, code=ExitCode.BROKEN_INSTALLATION
        ) from error


def clear(folder: Path) -> None:
    """Remove a folder that an earlier attempt left unfinished."""
    if folder.exists():
        with durable_step("keeping.clear"):
            shutil.rmtree(folder)
