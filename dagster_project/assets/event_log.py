"""Dagster's event log without waiting for the disk at every event.

Belongs here: how its SQLite files are opened while a run of this process lasts. Does not belong here: the run (`execute.py`).

Dagster writes each event in a connection and transaction of its own; a run of the main job has about two thousand. By
default each of them opens the file, waits for the disk twice, when it commits and when it closes (the last connection to
leave a write-ahead log folds it back into the file), and closes it. That was a third of the seconds of a run without news.
With connections that stay open, one a thread and file, nobody is the last, and with `synchronous = normal` a commit is safe
against the end of the process and the file whole in any case; only a power cut may cost the last events of the log, which no
number rests on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident
from typing import Any


class _Kept(sqlite3.Connection):
    """A connection that its user gives back instead of closing it."""

    is_free = True

    def close(self) -> None:
        """Give it back."""
        self.is_free = True


@contextmanager
def held_open(folder: Path) -> Iterator[None]:
    """Keep the SQLite connections to files below a folder, from their first use to the end of the block."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    kept: dict[tuple[str, int], list[_Kept]] = {}

    def connect(dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
        path = str(arguments[0]) if dialect.name == "sqlite" and arguments else ""
        if not Path(path).is_relative_to(folder):
            return None  # SQLAlchemy connects as it would have
        mine = kept.setdefault((path, get_ident()), [])
        connection = next((one for one in mine if one.is_free), None)
        if connection is None:
            shared = {"check_same_thread": False, "factory": _Kept}  # the thread that ends the block closes them all
            connection = dialect.connect(*arguments, **{**options, **shared})
            connection.execute("pragma synchronous = normal")
            mine.append(connection)
        connection.is_free = False
        return connection

    event.listen(Engine, "do_connect", connect)
    try:
        yield
    finally:
        event.remove(Engine, "do_connect", connect)
        for connections in kept.values():
            for one in connections:
                sqlite3.Connection.close(one)
