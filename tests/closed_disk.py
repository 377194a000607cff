"""A home on a disk that takes nothing: read-only for as long as a block lasts, or full at one durable step.

Belongs here: how the disk refuses. Does not belong here: verbs, expectations. Whoever runs the tests may be allowed everything, so
the refusal comes from Python's own audit events, and from `os.access`, which tells the warehouse to open its file only to read.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dagster_project import durable

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = ("os.remove", "os.rename", "os.rmdir", "os.chmod", "os.link", "os.symlink", "os.truncate", "os.utime")
_closed: list[Path] = []
_hooked: list[bool] = []


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if not _closed or event not in ("open", "os.mkdir", *_CHANGES):
        return
    if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _WRITING):
        return
    for path in arguments[: 2 if event in ("os.rename", "os.link") else 1]:
        if not isinstance(path, str | Path) or not Path(path).is_relative_to(_closed[0]):
            continue
        if event != "os.mkdir" or not Path(path).exists():
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing below a folder can be written, made or taken away."""
    if not _hooked:
        sys.addaudithook(_refuse)  # for ever: there is no way to take one out again
        _hooked.append(True)
    asked = os.access

    def access(path: Any, mode: int, **options: Any) -> bool:
        return not (mode & os.W_OK and Path(path).is_relative_to(folder)) and asked(path, mode, **options)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "access", access)
        _closed.append(folder)
        try:
            yield
        finally:
            _closed.clear()


@contextmanager
def full_at(step: str) -> Iterator[None]:
    """The disk is full when a durable step is about to be made for the first time; later there is room again."""
    hits: list[str] = []

    def refuse(name: str, side: str) -> None:
        if (name, side) == (step, "before") and not hits:
            hits.append(name)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    durable.set_hook(refuse)
    try:
        yield
    finally:
        durable.set_hook(None)
    assert hits, f"{step} was never reached"


@contextmanager
def steps_of() -> Iterator[list[str]]:
    """Names of the durable steps passed in a block, each once."""
    passed: list[str] = []

    def note(name: str, side: str) -> None:
        if side == "before" and name not in passed:
            passed.append(name)

    durable.set_hook(note)
    try:
        yield passed
    finally:
        durable.set_hook(None)
