"""The indicator layer computed aside under other definitions, from the cubes as they stand.

Belongs here: the SQL of the layer as dbt compiles it, run in a database in memory over the working warehouse, which is only
read. Does not belong here: the SQL (`dbt/models/indicator`), which definitions (`dictionary/variants.py`), comparing.

No fact is read: the layer stands on the cubes and small reference tables, so that one set of definitions costs what the
layer costs in a run, whatever the scale. Nothing of the home is written.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from dagster_project import dbt_parse, model_inputs
from dagster_project.dictionary import Province
from dagster_project.dictionary.load import write_dictionary
from dagster_project.errors import UserError
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.warehouse import is_read_only, keep_within, reading_working

TARGET = "indicator_value"
# The name of the database in the SQL that dbt compiles: that of the warehouse file.
DATABASE = "warehouse"
_texts: dict[tuple[str, ...], dict[str, str]] = {}  # by fingerprint of the project and models asked for, then by model


class Trial:
    """The layer ready to be computed; each call of `values` leaves nothing behind for the next."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        statements: Sequence[str],
        years: Sequence[int],
        register_year: int | None,
    ) -> None:
        self._connection = connection
        self._statements = statements
        self._years = years  # those of the home: what a figure lacks depends on the years that there are
        self._register_year = register_year

    def values(self, province: Province, *years: int) -> pl.DataFrame:
        """`indicator_value` of these years under these definitions: all regions, breakdowns and periods."""
        return (
            self.computed(province)
            .execute(f"select * from indicator.{TARGET} where list_contains($1::integer[], year)", [list(years)])
            .pl()
        )

    def computed(self, province: Province) -> duckdb.DuckDBPyConnection:
        """The database aside with the whole layer under these definitions, until the next call."""
        write_dictionary(self._connection, [province], self._years, self._register_year)
        try:
            for statement in self._statements:
                self._connection.execute(statement)
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            raise UserError(
                Text("汇总表是由另一版本的程序算出的。", "The cubes were made by another version of the program."),
                where=str(error).partition("\n")[0],
                todo=Text("先运行 bulletin build。", "Run `bulletin build` first."),
            ) from error
        return self._connection


@contextmanager
def trial(settings: Settings, *beside: str) -> Iterator[Trial]:
    """A trial over the working warehouse of a home; `beside` are models of the layer that no figure stands on.

    Raises UserError (exit 2) when another process holds the file.
    """
    manifest = dbt_parse.manifest(settings)
    models, read = _layer(manifest, (TARGET, *beside))
    statements = [
        f"create or replace {'view' if _is_view(manifest, name) else 'table'} "
        f"{manifest['nodes'][name]['schema']}.{manifest['nodes'][name]['name']} as {text}"
        for name, text in _compiled(settings, manifest, models).items()
    ]
    connection = duckdb.connect()
    try:
        keep_within(connection, settings, is_aside=True)
        connection.execute(f"attach ':memory:' as {DATABASE}; use {DATABASE}; create schema ops")
        with reading_working(settings, connection):
            _show(connection, read, {str(manifest["nodes"][name]["schema"]) for name in models})
            known = connection.execute("select year, register_year from working.ops.statistics_year").fetchall()
            yield Trial(connection, statements, [year for year, _ in known], known[0][1] if known else None)
    finally:
        connection.close()


def facts_needed(settings: Settings, switches: Sequence[str]) -> set[str]:
    """Those of the choices that reach facts or cubes, so that a trial cannot tell what they do."""
    return model_inputs.choices_of_facts(dbt_parse.manifest(settings), switches)


def _layer(manifest: Mapping[str, Any], targets: Sequence[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Models that the figures stand on, in the order in which they are made, and the relations below them that they read."""
    nodes, reached = manifest["nodes"], set()
    waiting = [f"model.medical_insurance.{target}" for target in targets]
    below: set[tuple[str, str]] = set()
    while waiting:
        name = waiting.pop()
        if name in manifest["sources"]:
            continue  # small tables of `ops`: the dictionary writes its own
        # A view below the layer holds nothing of its own: it is made here too, over what the definitions write.
        if "indicator" not in nodes[name]["tags"] and not _is_view(manifest, name):
            below.add((nodes[name]["schema"], nodes[name]["name"]))
        elif name not in reached:
            reached.add(name)
            waiting += nodes[name]["depends_on"]["nodes"]
    place = model_inputs.order(manifest)
    return sorted(reached, key=lambda name: place[name]), sorted(below)


def _is_view(manifest: Mapping[str, Any], name: str) -> bool:
    return bool(manifest["nodes"][name]["config"]["materialized"] == "view")


def _show(connection: duckdb.DuckDBPyConnection, relations: Sequence[tuple[str, str]], schemas_made: set[str]) -> None:
    """What the layer reads of the working warehouse, and of its `ops` what the dictionary does not write."""
    for schema in sorted({schema for schema, _ in relations} | schemas_made):
        connection.execute(f"create schema if not exists {schema}")
    for schema, name in [*relations, ("ops", "load")]:
        connection.execute(f"create view {schema}.{name} as select * from working.{schema}.{name}")


def _compiled(settings: Settings, manifest: Mapping[str, Any], models: Sequence[str]) -> dict[str, str]:
    """The SQL of models as dbt writes it for a warehouse; by unique id, in the given order. Compiled once a process."""
    asked = (dbt_parse.project_fingerprint(), *models)
    if asked not in _texts:
        _texts[asked] = _compile(settings, manifest, models)
    return {name: _texts[asked][name] for name in models}


def _compile(settings: Settings, manifest: Mapping[str, Any], models: Sequence[str]) -> dict[str, str]:
    parsed = dbt_parse.parse(settings)
    folder = None if is_read_only(settings) else settings.work
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="intake-trial-", dir=folder) as home, dbt_parse.lock:
        scratch = replace(settings, home=Path(home), source_home=settings.home)
        from dbt.cli.main import dbtRunner

        names = [str(manifest["nodes"][name]["name"]) for name in models]
        with dbt_parse.environment(scratch):
            outcome = dbtRunner(manifest=parsed).invoke([
                "compile", *dbt_parse.arguments(scratch, scratch.dbt_target, scratch.home / "logs"),
                "--no-write-json", "--no-introspect", "--no-populate-cache", "--select", *names,
            ])  # fmt: skip
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        connections: Any = DuckDBConnectionManager
        connections.close_all_connections()
    executed: Any = outcome.result
    if not outcome.success or executed is None:
        raise dbt_parse.DbtProjectError(f"dbt compile did not run: {outcome.exception}")
    return {str(result.node.unique_id): str(result.node.compiled_code) for result in executed.results}
