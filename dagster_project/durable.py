"""Durable steps with names, so that tests can stop the process right before and right after each of them.

Belongs here: the registry of fail points and nothing else. A step is anything that a kill may leave done or undone:
a rename, a commit, a delete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_hook: Callable[[str, str], None] | None = None
_seen: dict[str, None] = {}


def set_hook(hook: Callable[[str, str], None] | None) -> None:
    """Install a function called with (step name, 'before' | 'after'); None removes it."""
    global _hook
    _hook = hook


def seen_steps() -> list[str]:
    """Names of the steps passed in this process, in order of first passing."""
    return list(_seen)


@contextmanager
def durable_step(name: str) -> Iterator[None]:
    """Mark one durable step; the test hook may raise or kill before and after it."""
    _seen[name] = None
    if _hook is not None:
        _hook(name, "before")
    yield
    if _hook is not None:
        _hook(name, "after")
