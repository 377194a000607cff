"""Running dbt inside this process: one import, then several builds without starting anything again.

Belongs here: building a selection, what came out of each node. Does not belong here: parsing (`dbt_parse.py`), which
selection runs when (`assets/`), models and tests (`dbt/`), anything of Dagster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from dagster_project import dbt_parse
from dagster_project.dbt_parse import DbtProjectError
from dagster_project.durable import durable_step
from dagster_project.settings import Settings
from dagster_project.warehouse import connect, limits_held

TABLE_KINDS = ("table", "incremental", "seed")
# Seconds by kind where a home has not built a node yet; facts by month are the incremental ones.
WEIGHTS, LIGHT = {"incremental": 1.0, "table": 0.3}, 0.05
FAILED = ("error", "fail", "runtime error", "skipped")


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
    parsed = dbt_parse.parse(settings)
    with dbt_parse.lock:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        from dagster_project.dbt_events import hear_few

        def on_event(event: Any) -> None:
            if on_node is not None and event.info.name == "NodeFinished":
                on_node(event.data.node_info.unique_id, event.data.node_info.node_status)

        arguments = [
            "build", *dbt_parse.arguments(settings, settings.dbt_target, settings.home / "logs", models_at_once(settings)),
            "--select", *select.split(),
            "--indirect-selection", "buildable" if with_tests else "empty",
            "--exclude-resource-type", "unit_test",
            "--no-write-json",
        ]  # fmt: skip
        if full_refresh:
            arguments.append("--full-refresh")
        hear_few()
        with dbt_parse.environment(settings), limits_held(settings), _commits_are_steps(DuckDBConnectionManager):
            outcome = dbtRunner(manifest=parsed, callbacks=[on_event]).invoke(arguments)
            # dbt keeps its DuckDB handle for a next command; the file must be free for our own connections.
            connections: Any = DuckDBConnectionManager
            connections.close_all_connections()
    executed: Any = outcome.result
    if executed is None:
        raise DbtProjectError(f"dbt build {select} did not run: {outcome.exception}")
    return _with_rows(settings, [_node_result(result) for result in executed.results])


def models_at_once(settings: Settings) -> int:
    """How many models are made side by side: as many as there are threads, or one where two would not fit into memory.

    Two share the memory limit: what does not fit goes to the disk and comes back (decision 0005 has the figures). Each model
    uses all threads by itself, so that one at a time loses only what small ones leave idle.
    """
    with connect(settings) as connection:
        limit = connection.execute("select parse_formatted_bytes(current_setting('memory_limit'))").fetchone()
    raw = replace(settings, home=settings.source_home or settings.home).raw
    taken_in = sum(path.stat().st_size for path in raw.rglob("*.parquet"))
    return settings.threads if limit is not None and taken_in <= limit[0] else 1


@contextmanager
def _commits_are_steps(manager: Any) -> Iterator[None]:
    """The commit of each model and seed as a durable step, while a build lasts: dbt offers no place of its own around it.

    Tests have connections of their own names; they write nothing.
    """
    commit = manager.commit

    def committing(connections: Any) -> Any:
        if not str(connections.get_thread_connection().name).startswith(("model.", "seed.")):
            return commit(connections)
        with durable_step("dbt.commit"):
            return commit(connections)

    manager.commit = committing
    try:
        yield
    finally:
        manager.commit = commit


def weights(manifest: Mapping[str, Any], known: Mapping[str, float]) -> dict[str, float]:
    """Shares of nodes in a build's time: their seconds of last time, else what is usual for their kind."""
    return {
        name: known.get(name, WEIGHTS.get(str(node.get("config", {}).get("materialized")), LIGHT))
        for name, node in manifest["nodes"].items()
    }


def passed_over(settings: Settings, nodes: Sequence[str]) -> list[NodeResult]:
    """Results of nodes that stand as an earlier run built and tested them."""
    known = dbt_parse.manifest(settings)["nodes"]
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
