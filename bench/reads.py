"""What a command of the product really reads, counted by the engine and not by a clock.

`python -m bench.reads TARGET VERB ...` runs `bulletin VERB ...` in this process with DuckDB's profiler on for every statement, and
writes each table scan to TARGET, one JSON a line. Belongs here: listening to the engine. Does not belong here: which command, what
is too much (`wide_reads.py`).
"""

from __future__ import annotations

import atexit
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

_STATEMENT = 160  # characters of a statement, enough to find it in the SQL


@dataclass(frozen=True)
class Scan:
    """One table scan of one statement (a dbt node's name, or the beginning of its text).

    `rows` are those that the scan handed on after its own filters; `scanned` those of the row groups that it could not pass
    over, in native tables. Of Parquet the engine only guesses what it scanned: all rows of the files, once a thread.
    `filters` are the conditions that the scan itself knows, by which it passes over row groups.
    """

    table: str
    scanned: int
    rows: int
    columns: int
    statement: str
    filters: str = ""


class CountingConnection:
    """A connection that profiles each of its statements; everything else is the real one's business."""

    def __init__(self, real: duckdb.DuckDBPyConnection, target: Path) -> None:
        descriptor, name = tempfile.mkstemp(suffix=".json")
        os.close(descriptor)
        self._real, self._target, self._profile = real, target, Path(name)
        self._profile.unlink()
        self._statement = ""
        real.execute("set enable_profiling = 'json'")
        real.execute("set profiling_output = ?", [name])
        self._profile.unlink(missing_ok=True)
        atexit.register(self._flush)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __enter__(self) -> CountingConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cursor(self) -> CountingConnection:
        """A connection to the same database, which counts, too."""
        return CountingConnection(self._real.cursor(), self._target)

    def execute(self, query: str, parameters: object = None) -> CountingConnection:
        """Run statements one by one, because the engine keeps the profile of the last."""
        self._flush()
        statements = self._real.extract_statements(query)
        for statement in statements:
            self._flush()
            self._one(statement, parameters if statement is statements[-1] else None)
        return self

    def close(self) -> None:
        """Close the real connection."""
        self._flush()
        self._real.close()

    def _one(self, statement: Any, parameters: object) -> None:
        text = str(statement.query)
        node = re.search(r'"node_id": "[a-z_]+\.[a-z_]+\.(\w+)', text)
        self._statement = node[1] if node else " ".join(text.split())[:_STATEMENT]
        if parameters is None:
            self._real.execute(statement)
        else:
            self._real.execute(statement, parameters)

    def _flush(self) -> None:
        """Write down the scans of the statement before."""
        with suppress(OSError, json.JSONDecodeError):
            profile = json.loads(self._profile.read_text(encoding="utf-8"))
            self._profile.unlink()
            with self._target.open("a", encoding="utf-8") as out:
                for scan in scans(profile, self._statement):
                    out.write(json.dumps(asdict(scan)) + "\n")


def scans(profile: dict[str, Any], statement: str) -> Iterator[Scan]:
    """All table scans of a profile, of native tables and of files."""
    for node in profile.get("children", []):
        extra = node.get("extra_info", {})
        if node.get("operator_type") == "TABLE_SCAN":
            columns = extra.get("Projections", [])
            yield Scan(
                _table(extra),
                int(node["operator_rows_scanned"]),
                int(node["operator_cardinality"]),
                1 if isinstance(columns, str) else len(columns),
                statement,
                str(extra.get("Filters", "")),
            )
        yield from scans(node, statement)


def _table(extra: dict[str, Any]) -> str:
    """A native table as schema.table, Parquet of raw as raw.table, any other file as its name."""
    if "Table" in extra:
        return ".".join(str(extra["Table"]).replace('"', "").split(".")[1:])
    first = str(extra.get("Filename(s)", extra.get("Function", ""))).split(",")[0]
    in_raw = re.search(r"/raw/(\w+)/", first)
    return f"raw.{in_raw[1]}" if in_raw else Path(first).name


def main() -> None:
    """Count what the rest of the command line reads."""
    target, real = Path(sys.argv[1]), duckdb.connect

    def connect(*arguments: Any, **options: Any) -> Any:
        return CountingConnection(real(*arguments, **options), target)

    duckdb.connect = connect
    sys.argv[1:] = sys.argv[2:]
    from dagster_project.cli import main as bulletin

    bulletin()


if __name__ == "__main__":
    main()
