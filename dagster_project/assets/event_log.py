"""Dagster's event log without waiting for the disk at every event.

Belongs here: how its SQLite files are opened while a run of this process lasts. Does not belong here: the run (`execute.py`).

Dagster writes each event in a connection and transaction of its own; a run of the main job has about two thousand. By
default each of them waits for the disk twice, when it commits and when it closes, since the last connection to leave a
write-ahead log folds it back into the file. That was a third of the seconds of a run without news. With one connection held
open for each file nobody is the last, and with `synchronous = normal` a commit is safe against the end of the process and
the file whole in any case; only a power cut may cost the last events of the log, which no number rests on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any


@contextmanager
def held_open(folder: Path) -> Iterator[None]:
    """Hold the SQLite files below a folder open, from their first use to the end of the block."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    held: dict[str, sqlite3.Connection] = {}
    lock = Lock()

    def connect(dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
        path = str(arguments[0]) if dialect.name == "sqlite" and arguments else ""
        if not Path(path).is_relative_to(folder):
            return None  # SQLAlchemy connects as it would have
        connection = dialect.connect(*arguments, **options)
        connection.execute("pragma synchronous = normal")
        with lock:
            # Dagster turns the write-ahead log on in its first connection to a new file.
            if path not in held and connection.execute("pragma journal_mode").fetchone() == ("wal",):
                held[path] = sqlite3.connect(path, check_same_thread=False)
                held[path].execute("select count(*) from sqlite_master").fetchone()
        return connection

    event.listen(Engine, "do_connect", connect)
    try:
        yield
    finally:
        event.remove(Engine, "do_connect", connect)
        for one in held.values():
            one.close()
