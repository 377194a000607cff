"""Great Expectations on DuckDB: the two adapters that 1.24 needs, and a session that judges tables of one file.

Belongs here: everything that touches Great Expectations. It is imported inside functions only, because the import
costs seconds and hundreds of megabytes. Does not belong here: rules, counting, the store.

Adapter 1: Great Expectations closes the connection before it fetches on dialects that it does not know, and DuckDB's
rows are gone with it; DuckDB is entered among the dialects whose connection stays open.
Adapter 2: DuckDB forms of regular expressions and LIKE, which Great Expectations builds for known dialects only.
`tests/unit/test_checks_adapter.py` fails when a newer Great Expectations makes one of them unneeded.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import duckdb

from dagster_project.checks.model import Expect

_METRICS = "great_expectations.expectations.metrics.column_map_metrics.column_values_"
_REGEX_MODULES = (_METRICS + "match_regex", _METRICS + "not_match_regex")
_LIKE_MODULES = (_METRICS + "match_like_pattern", _METRICS + "not_match_like_pattern")
_installed = False
_installing = threading.Lock()


class _DialectName(str):
    """The dialect 'duckdb' in the shape of a member of GX's own enumeration (compared as text, read as `.value`)."""

    @property
    def value(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Verdict:
    """What Great Expectations said: `held` is None when the expectation could not be judged, with the reason."""

    held: bool | None
    problem: str = ""


def install() -> None:
    """Import Great Expectations, silent and offline, and put both adapters in place; once a process."""
    global _installed
    with _installing:
        if _installed:
            return
        os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
        _import_when_used("scipy", "stats")
        engine: Any = importlib.import_module("great_expectations.execution_engine.sqlalchemy_execution_engine")
        # dbt opens the root logger to everything, and on import this module opens its own for news of temporary files.
        for chatty in ("great_expectations", "great_expectations.data_context.types.base"):
            importlib.import_module(chatty)
            logging.getLogger(chatty).setLevel(logging.WARNING)
        engine._PERSISTED_CONNECTION_DIALECTS = (*engine._PERSISTED_CONNECTION_DIALECTS, _DialectName("duckdb"))
        for name in _REGEX_MODULES:
            _wrap(name, "get_dialect_regex_expression", _regex_on_duckdb)
        for name in _LIKE_MODULES:
            _wrap(name, "get_dialect_like_pattern_expression", _like_on_duckdb)
        _installed = True


class _ImportedWhenUsed(ModuleType):
    """A module that is imported when something of it is asked for.

    Python's own lazy module is imported by whoever only looks at its file, as dbt does with every module that there is.
    """

    def __init__(self, spec: ModuleSpec) -> None:
        super().__init__(spec.name)
        self.__spec__, self.__file__ = spec, spec.origin
        self.__path__ = list(spec.submodule_search_locations or [])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def _import_when_used(package: str, name: str) -> None:
    """Put off a third of the import: the tests of distributions, which no expectation of ours uses, need scipy.stats."""
    full_name = f"{package}.{name}"
    spec = importlib.util.find_spec(full_name)
    if full_name in sys.modules or spec is None:
        return
    module = _ImportedWhenUsed(spec)
    sys.modules[full_name] = module
    # `from scipy import stats` asks the package first, and would import at once.
    setattr(importlib.import_module(package), name, module)


def warm_up() -> threading.Thread:
    """Import in the background while DuckDB reads files, so that the first stage need not wait for it.

    A failure shows where Great Expectations is needed, not here.
    """

    def quietly() -> None:
        with suppress(Exception):
            install()

    thread = threading.Thread(target=quietly, name="great-expectations", daemon=True)
    thread.start()
    return thread


def _wrap(module_name: str, function_name: str, adapter: Callable[..., Any]) -> None:
    module = importlib.import_module(module_name)
    setattr(module, function_name, adapter(getattr(module, function_name)))


def _is_duckdb(dialect: Any) -> bool:
    return getattr(getattr(dialect, "dialect", dialect), "name", "") == "duckdb"


def _regex_on_duckdb(original: Callable[..., Any]) -> Callable[..., Any]:
    def expression(column: Any, regex: str, dialect: Any, positive: bool = True) -> Any:
        if not _is_duckdb(dialect):
            return original(column, regex, dialect, positive)
        import sqlalchemy

        matches = sqlalchemy.func.regexp_matches(column, sqlalchemy.literal(regex))
        return matches if positive else sqlalchemy.not_(matches)

    return expression


def _like_on_duckdb(original: Callable[..., Any]) -> Callable[..., Any]:
    def expression(column: Any, dialect: Any, like_pattern: str, positive: bool = True, **options: Any) -> Any:
        if not _is_duckdb(dialect):
            return original(column, dialect, like_pattern, positive, **options)
        escape = options.get("escape")
        return column.like(like_pattern, escape=escape) if positive else column.notlike(like_pattern, escape=escape)

    return expression


class Judge:
    """Judges tables of one DuckDB file: one batch a table, BOOLEAN_ONLY, many expectations in one validation."""

    def __init__(self, datasource: Any) -> None:
        self._datasource = datasource
        self._batches: dict[str, Any] = {}

    def verdicts(self, table: str, expectations: Sequence[str | Expect]) -> list[Verdict]:
        """One verdict for each expectation; a text is a query with `{batch}` that must return no row."""
        import great_expectations as gx

        batch = self._batch(table)
        suite = gx.ExpectationSuite(name=table, expectations=[_expectation(*pair) for pair in enumerate(expectations)])
        outcome = batch.validate(suite, result_format="BOOLEAN_ONLY")
        by_position: dict[int, Verdict] = {}
        for result in outcome.results:
            problem = _problem(result.exception_info)
            by_position[result.expectation_config.meta["position"]] = (
                Verdict(None, problem) if problem else Verdict(bool(result.success))
            )
        return [
            by_position.get(i, Verdict(None, "Great Expectations gave no result")) for i in range(len(expectations))
        ]

    def _batch(self, table: str) -> Any:
        if table not in self._batches:
            schema, name = table.split(".")
            asset = self._datasource.add_table_asset(table, table_name=name, schema_name=schema)
            self._batches[table] = asset.add_batch_definition_whole_table(table).get_batch()
        return self._batches[table]


def _expectation(position: int, entry: str | Expect) -> Any:
    """The expectation in GX's own classes; its position is how the answer is found again."""
    gxe: Any = importlib.import_module("great_expectations.expectations")
    meta = {"position": position}
    if isinstance(entry, str):
        return gxe.UnexpectedRowsExpectation(unexpected_rows_query=entry, meta=meta)
    if entry.kind == "not_null":
        return gxe.ExpectColumnValuesToNotBeNull(column=entry.column, meta=meta)
    if entry.kind == "in_set":
        return gxe.ExpectColumnValuesToBeInSet(column=entry.column, value_set=list(entry.values), meta=meta)
    if entry.kind == "match_regex":
        return gxe.ExpectColumnValuesToMatchRegex(column=entry.column, regex=entry.regex, meta=meta)
    return gxe.ExpectColumnValuesToBeBetween(
        column=entry.column, min_value=entry.minimum, max_value=entry.maximum, meta=meta
    )


def _problem(exception_info: Any) -> str:
    """The first message of an exception_info that says something went wrong; '' when the expectation was judged."""
    if not exception_info:
        return ""
    if "raised_exception" in exception_info:
        return str(exception_info.get("exception_message") or "exception") if exception_info["raised_exception"] else ""
    messages = [_problem(part) for part in exception_info.values() if isinstance(part, dict)]
    return next((message for message in messages if message), "exception")


@contextmanager
def judging(warehouse: duckdb.DuckDBPyConnection) -> Iterator[Judge]:
    """A judge over an open warehouse connection; everything it opened is closed in any case.

    Great Expectations gets cursors of this connection instead of a path: SQLAlchemy's DuckDB dialect would open the
    file with a configuration of its own, which DuckDB refuses beside another connection of the process.
    """
    install()
    gx: Any = importlib.import_module("great_expectations")
    wrapper: Any = importlib.import_module("duckdb_engine").ConnectionWrapper
    cursors: list[duckdb.DuckDBPyConnection] = []

    def cursor() -> Any:
        cursors.append(warehouse.cursor())
        return wrapper(cursors[-1])

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    datasource = context.data_sources.add_sql("warehouse", connection_string="duckdb://", kwargs={"creator": cursor})
    try:
        yield Judge(datasource)
    finally:
        with suppress(Exception):
            datasource.get_execution_engine().close()
        datasource.get_engine().dispose()
        for opened in cursors:
            opened.close()
