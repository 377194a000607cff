"""Runs `yardstick.sql` over a landing folder and says how long each of its sections took.

Belongs here: variables, sections, the clock. Does not belong here: anything that makes a number (`yardstick.sql`), the
statements that type the tables (`typed.py`), reading odd files (`landed.py`). Run as
`python -m bench.yardstick LANDING DATABASE`; the last line printed is JSON. With `--narrow` the intake keeps only the tables
and columns that the model section names: what the 64 numbers would cost somebody who wants nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from pathlib import Path

import duckdb

from bench.landed import Readable, readable_files, set_key
from bench.typed import names_in, write_tables
from dagster_project.settings import PROJECT_ROOT

SCRIPT = Path(__file__).with_name("yardstick.sql")
CODE_SETS = PROJECT_ROOT / "dbt" / "seeds" / "code_set.csv"
_SECTION = re.compile(r"^-- section: (\w+)$", re.MULTILINE)


def sections() -> dict[str, str]:
    """The sections of the script by name, in order."""
    parts = _SECTION.split(SCRIPT.read_text(encoding="utf-8"))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def open_database(database: Path, key: bytes, threads: int, memory_limit: str | None) -> duckdb.DuckDBPyConnection:
    """A connection within the limits that the product has, too."""
    connection = duckdb.connect(str(database))
    connection.execute(f"set threads = {threads}")
    connection.execute("set preserve_insertion_order = false")
    connection.execute("set temp_directory = ?", [str(database.parent / "spill")])
    if memory_limit:
        connection.execute("set memory_limit = ?", [memory_limit])
    set_key(connection, key)
    return connection


def run(
    landing: Path, database: Path, key: bytes, threads: int, memory_limit: str | None = None, narrow: bool = False
) -> list[dict[str, object]]:
    """Run the script into a new database file, the typed tables beside it; name, end (epoch) and seconds of each section."""
    timed: list[dict[str, object]] = []
    with open_database(database, key, threads, memory_limit) as connection:
        script = sections()
        for name, text in script.items():
            begun = time.time()
            if name == "intake":
                files = readable_files(landing, database.parent / "recoded")
                _set_variables(connection, files)
            for statement in connection.extract_statements(text):
                _execute(connection, statement)
            if name == "intake":
                write_tables(
                    connection, files, database.parent / "tables", names_in(script["model"]) if narrow else None
                )
            timed.append({"stage": name, "ended": time.time(), "seconds": time.time() - begun})
    return timed


def _execute(connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> None:
    """Run one statement; what it fails with names it."""
    try:
        connection.execute(statement)
    except duckdb.Error as error:
        first = next(line for line in statement.query.strip().splitlines() if line and not line.startswith("--"))
        raise RuntimeError(f"{first} ...: {error}") from error


def _set_variables(connection: duckdb.DuckDBPyConnection, files: list[Readable]) -> None:
    """`registered_persons`, the files of psn_info_b, and `code_sets`."""
    registered = [str(file.path) for file in files if file.table == "psn_info_b"]
    connection.execute("set variable registered_persons = $1::varchar[]", [registered])
    connection.execute("set variable code_sets = $1", [str(CODE_SETS)])


def arguments() -> argparse.Namespace:
    """Landing folder and database file; key, threads and memory limit come from the environment, as for the product."""
    parser = argparse.ArgumentParser()
    parser.add_argument("landing", type=Path)
    parser.add_argument("database", type=Path)
    parser.add_argument("--narrow", action="store_true")
    options = parser.parse_args()
    options.key = Path(os.environ["BULLETIN_KEY_FILE"]).read_bytes()
    options.threads = int(os.environ.get("BULLETIN_THREADS") or os.cpu_count() or 2)
    options.memory_limit = os.environ.get("BULLETIN_MEMORY_LIMIT")
    return options


if __name__ == "__main__":
    given = arguments()
    print(json.dumps(run(given.landing, given.database, given.key, given.threads, given.memory_limit, given.narrow)))
