"""Running dbt inside this process: one import, one parse, then several builds without starting anything again.

Belongs here: parsing the project, building a selection, what came out of each node. Does not belong here: which
selection runs when (`assets/`), models and tests (`dbt/`), anything of Dagster.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from dagster_project.durable import durable_step
from dagster_project.settings import PACKAGE_ROOT, PROJECT_ROOT, Settings
from dagster_project.warehouse import connect

DBT_PROJECT = PROJECT_ROOT / "dbt"
TABLE_KINDS = ("table", "incremental", "seed")
FAILED = ("error", "fail", "runtime error", "skipped")

_lock = threading.RLock()
_parsed: dict[str, Any] = {}


@dataclass(frozen=True)
class NodeResult:
    """What one dbt node came to. `rows` is the size of the table afterwards, null for views and tests."""

    unique_id: str
    kind: str  # model, seed, test
    status: str  # success, pass, warn, fail, error, skipped; unchanged where the inputs have not moved
    rows: int | None
    seconds: float
    message: str
    failures: int | None
    schema: str = ""
    name: str = ""

    @property
    def failed(self) -> bool:
        """Whether this node keeps a build from being whole; a warning does not."""
        return self.status in FAILED


class DbtProjectError(Exception):
    """The dbt project itself could not be parsed or started: an error of programming, not of the user."""


def project_fingerprint() -> str:
    """Changes whenever a file of the dbt project changes (by size and time of change)."""
    digest = hashlib.sha256()
    for path in sorted(DBT_PROJECT.rglob("*")):
        relative = path.relative_to(DBT_PROJECT)
        if path.suffix in (".sql", ".yml", ".yaml", ".csv") and relative.parts[0] not in ("target", "logs"):
            status = path.stat()
            digest.update(f"{relative}|{status.st_size}|{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def models_fingerprint() -> str:
    """Changes whenever the text of a model, macro or contract changes, wherever and whenever it was checked out.

    Seeds are data: what follows from them is rebuilt without it.
    """
    digest = hashlib.sha256()
    texts = {
        DBT_PROJECT: ("dbt_project.yml", "models/**/*.sql", "macros/**/*.sql"),
        PACKAGE_ROOT: ("contracts/*.yml",),
    }
    for folder, patterns in texts.items():
        for path in sorted(path for pattern in patterns for path in folder.glob(pattern)):
            digest.update(f"{path.relative_to(folder).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()


@contextmanager
def _environment(settings: Settings) -> Iterator[None]:
    """What profiles.yml and dbt read from the environment, for the time of one call."""
    wanted = {
        "BULLETIN_WAREHOUSE": str(settings.warehouse),
        "DBT_TARGET_PATH": str(settings.dbt_target),
        "DBT_LOG_PATH": str(settings.home / "logs"),
        **({"BULLETIN_MEMORY_LIMIT": settings.memory_limit} if settings.memory_limit else {}),
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _arguments(settings: Settings) -> list[str]:
    return [
        "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT),
        "--target-path", str(settings.dbt_target), "--log-path", str(settings.home / "logs"),
        "--threads", str(settings.threads), "--quiet", "--log-level", "none", "--no-use-colors",
    ]  # fmt: skip


def _global_flags(verb: str, settings: Settings) -> list[str]:
    return [verb, *_arguments(settings)]


def parse(settings: Settings) -> Any:
    """The parsed project (dbt's Manifest), parsed at most once a process and version of the files."""
    with _lock:
        fingerprint = project_fingerprint()
        if fingerprint in _parsed:
            return _parsed[fingerprint]
        from dbt.cli.main import dbtRunner

        settings.dbt_target.mkdir(parents=True, exist_ok=True)
        with _environment(settings):
            outcome = dbtRunner().invoke(_global_flags("parse", settings))
        if not outcome.success or outcome.result is None:
            raise DbtProjectError(f"dbt parse failed: {outcome.exception}")
        _parsed.clear()
        _parsed[fingerprint] = outcome.result
        _mark(settings, fingerprint)
        return outcome.result


def _mark(settings: Settings, fingerprint: str) -> None:
    """Note which version of the files manifest.json was written from; last, so that a kill leaves it stale."""
    mark = settings.dbt_target / "fingerprint.txt"
    temporary = mark.with_suffix(".tmp")
    temporary.write_text(fingerprint, encoding="ascii")
    with durable_step("dbt.fingerprint"):
        temporary.replace(mark)


def manifest(settings: Settings) -> dict[str, Any]:
    """manifest.json as a dictionary; parses only when the project has changed since it was written."""
    with _lock:
        mark = settings.dbt_target / "fingerprint.txt"
        path = settings.dbt_target / "manifest.json"
        fingerprint = project_fingerprint()

        def fresh() -> bool:
            return mark.exists() and path.exists() and mark.read_text(encoding="ascii") == fingerprint

        if not fresh():
            parsed = parse(settings)
            if not fresh():  # parsed earlier in this process for another home
                settings.dbt_target.mkdir(parents=True, exist_ok=True)
                parsed.write(str(path))
                _mark(settings, fingerprint)
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content


def build(
    settings: Settings,
    select: str,
    full_refresh: bool = False,
    on_node: Callable[[str, str], None] | None = None,
    with_tests: bool = True,
) -> list[NodeResult]:
    """`dbt build` of a selection without unit tests; one result a node, in order of finishing.

    Without `with_tests` only tests run that the selection names itself.

    `on_node(unique_id, status)` is called as nodes finish. A test that needs models outside the selection runs with
    the stage that has the last of them. Raises DbtProjectError when dbt could not start; failed nodes are results.
    """
    parsed = parse(settings)
    with _lock:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        def on_event(event: Any) -> None:
            if on_node is not None and event.info.name == "NodeFinished":
                on_node(event.data.node_info.unique_id, event.data.node_info.node_status)

        arguments = [
            *_global_flags("build", settings),
            "--select", *select.split(),
            "--indirect-selection", "buildable" if with_tests else "empty",
            "--exclude-resource-type", "unit_test",
            "--no-write-json",
        ]  # fmt: skip
        if full_refresh:
            arguments.append("--full-refresh")
        with _environment(settings):
            outcome = dbtRunner(manifest=parsed, callbacks=[on_event]).invoke(arguments)
            # dbt keeps its DuckDB handle for a next command; the file must be free for our own connections.
            connections: Any = DuckDBConnectionManager
            connections.close_all_connections()
    executed: Any = outcome.result
    if executed is None:
        raise DbtProjectError(f"dbt build {select} did not run: {outcome.exception}")
    return _with_rows(settings, [_node_result(result) for result in executed.results])


def passed_over(settings: Settings, nodes: Sequence[str]) -> list[NodeResult]:
    """Results of nodes that stand as an earlier run built and tested them."""
    known = manifest(settings)["nodes"]
    return _with_rows(
        settings,
        [
            NodeResult(
                unique_id=name,
                kind=str(known[name]["resource_type"]),
                status="pass" if known[name]["resource_type"] == "test" else "unchanged",
                rows=None,
                seconds=0.0,
                message="输入未变，沿用上次结果 / inputs unchanged, the last result stands",
                failures=None,
                schema=str(known[name]["schema"]),
                name=str(known[name].get("alias") or known[name]["name"]),
            )
            for name in nodes
        ],
    )


def _node_result(result: Any) -> NodeResult:
    node = result.node
    return NodeResult(
        unique_id=node.unique_id,
        kind=str(getattr(node.resource_type, "value", node.resource_type)),
        status=str(getattr(result.status, "value", result.status)),
        rows=None,
        seconds=round(float(result.execution_time), 3),
        message=str(result.message or ""),
        failures=result.failures,
        schema=str(node.schema),
        name=str(getattr(node, "alias", None) or node.name),
    )


def _with_rows(settings: Settings, results: list[NodeResult]) -> list[NodeResult]:
    """Fill in table sizes; DuckDB counts a table from its header, so all of them cost milliseconds."""
    with connect(settings) as connection:
        tables = set(
            connection.execute("select schema_name, table_name from duckdb_tables() where not internal").fetchall()
        )
        filled = []
        for result in results:
            if result.kind in ("model", "seed") and (result.schema, result.name) in tables:
                row = connection.execute(f'select count(*) from "{result.schema}"."{result.name}"').fetchone()
                filled.append(replace(result, rows=int(row[0]) if row else None))
            else:
                filled.append(result)
    return filled
