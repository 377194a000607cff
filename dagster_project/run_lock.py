"""One writer a home: a lock that the operating system drops when the process ends, however it ends.

Belongs here: taking and giving back the lock. DuckDB's own lock lasts only while a connection is open, and a run opens
several; without this one two runs could take turns on one warehouse.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from dagster_project.errors import ExitCode, UserError, of_the_disk
from dagster_project.language import Text
from dagster_project.settings import Settings

_held: dict[Path, IO[str]] = {}


def hold(settings: Settings) -> None:
    """Take the lock of a home for this process; nothing happens when the process has it already.

    Raises UserError (exit 2) when another process has it: nothing is done and nothing is broken, whoever asked can wait; (exit 3)
    when the home cannot be written to.
    """
    path = settings.home / "run.lock"
    if path in _held:
        return
    with _told_of_the_home(settings):
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a+", encoding="ascii")
    if not _try_lock(stream) and not _try_again(stream):
        stream.seek(0)
        owner = stream.read().strip() or "?"
        stream.close()
        raise UserError(
            Text(
                "这个家目录正在运行另一个任务，本次未做任何改动。",
                "Another run is working on this home; nothing was done.",
            ),
            where=f"{path} (pid {owner})",
            todo=Text("等它结束后重试。", "Wait for it to end and try again."),
            code=ExitCode.BAD_INPUT,
        )
    _held[path] = stream
    with _told_of_the_home(settings):
        stream.seek(0)
        stream.truncate()
        stream.write(str(os.getpid()))
        stream.flush()


@contextmanager
def _told_of_the_home(settings: Settings) -> Iterator[None]:
    """Say (exit 3) why nobody can work on a home: read-only, no rights, a full disk. Nothing has been done by then."""
    try:
        yield
    except OSError as error:
        release(settings)
        known = of_the_disk(error, settings.home)
        if known is None:
            raise
        raise UserError(
            Text(f"家目录不能写入，本次未做任何改动：{known.what.zh}", f"The home cannot be written to, nothing was done: {known.what.en}"),
            where=known.where, todo=known.todo, code=known.code,
        ) from error  # fmt: skip


def _try_again(stream: IO[str]) -> bool:
    """Somebody may only have looked, see `is_busy`."""
    time.sleep(0.05)
    return _try_lock(stream)


def is_busy(settings: Settings) -> bool:
    """Whether somebody works on a home, this process included; takes nothing that would keep anybody out."""
    path = settings.home / "run.lock"
    if path in _held:
        return True
    try:
        with path.open("a+", encoding="ascii") as stream:
            return not _try_lock(stream, shared=True)
    except OSError:
        return False  # nobody has been there yet


def release(settings: Settings) -> None:
    """Give the lock back; nothing happens when this process does not hold it."""
    stream = _held.pop(settings.home / "run.lock", None)
    if stream is not None:
        with suppress(OSError):  # a full disk keeps nobody from going
            stream.truncate(0)
        stream.close()


def was_left(settings: Settings) -> bool:
    """Whether the last process at work on a home went without giving the lock back: its number still stands there."""
    try:
        return (settings.home / "run.lock").stat().st_size > 0 and not is_busy(settings)
    except OSError:
        return False


def _try_lock(stream: IO[str], shared: bool = False) -> bool:
    """Ask the system for the lock without waiting; a shared one says only whether somebody has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            # Byte far behind the content: Windows would otherwise keep others from reading the owner's number.
            stream.seek(1024)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(stream, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
