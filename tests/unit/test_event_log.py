"""Files of Dagster's event log are held open while a run lasts, and only they."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from dagster_project.assets.event_log import held_open

NORMAL, FULL = 1, 2


def write(path: Path) -> int:
    """One event in a connection of its own, as Dagster writes it; returns how the connection waits for the disk."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("create table if not exists event (a integer)"))
        connection.execute(text("insert into event values (1)"))
        return int(connection.execute(text("pragma synchronous")).scalar_one())


def turn_on_log(path: Path) -> None:
    """What Dagster does with a new file."""
    with create_engine(f"sqlite:///{path}", poolclass=NullPool).connect() as connection:
        connection.execute(text("pragma journal_mode = wal"))


def test_the_log_stays_open_for_the_time_of_a_run(tmp_path: Path) -> None:
    inside, outside = tmp_path / "dagster" / "index.db", tmp_path / "other.db"
    inside.parent.mkdir()
    with held_open(inside.parent):
        for path in (inside, outside):
            turn_on_log(path)
        assert (write(inside), write(outside)) == (NORMAL, FULL)
        write(inside)
        assert inside.with_name("index.db-wal").exists(), "the last connection has folded the log back"
        assert not outside.with_name("other.db-wal").exists()
    assert not inside.with_name("index.db-wal").exists()
    assert write(inside) == FULL
    with create_engine(f"sqlite:///{inside}").connect() as connection:
        assert connection.execute(text("select count(*) from event")).scalar_one() == 3
