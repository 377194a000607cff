"""The two adapters that Great Expectations needs on DuckDB, and a word when a newer version does not need them."""

from __future__ import annotations

import importlib
import logging
import subprocess
import sys
from typing import Any

import duckdb
import pytest

from dagster_project.checks import gx_adapter
from dagster_project.checks.gx_adapter import Verdict, judging
from dagster_project.checks.model import Expect

UNNEEDED = "Great Expectations now does this itself: delete this adapter from checks/gx_adapter.py and this test"


@pytest.fixture
def connection() -> Any:
    with duckdb.connect() as opened:
        opened.execute(
            "create schema s; create table s.t as select * from (values ('520100', 1), ('5201', 2)) as v(code, n)"
        )
        yield opened


def judge(connection: duckdb.DuckDBPyConnection, *entries: str | Expect) -> list[Verdict]:
    with judging(connection) as opened:
        return opened.verdicts("s.t", entries)


def test_queries_and_ready_made_expectations_are_judged(connection: duckdb.DuckDBPyConnection) -> None:
    verdicts = judge(
        connection,
        "select * from {batch} where n > 2",
        "select * from {batch} where n > 1",
        Expect("not_null", "code"),
        Expect("between", "n", minimum=1, maximum=2),
        Expect("between", "n", minimum=2),
        Expect("in_set", "code", values=("520100", "5201")),
        Expect("in_set", "code", values=("520100",)),
        Expect("match_regex", "code", regex="^[0-9]{4,6}$"),
        Expect("match_regex", "code", regex="^[0-9]{6}$"),
    )
    assert [verdict.held for verdict in verdicts] == [True, False, True, True, False, True, False, True, False]


@pytest.mark.parametrize(
    ("expect", "broken"),
    [
        (Expect("not_null", "n"), 0),
        (Expect("between", "n", minimum=2), 1),
        (Expect("between", "n", minimum=0, maximum=1), 1),
        (Expect("in_set", "code", values=("520100",)), 1),
        (Expect("match_regex", "code", regex="^[0-9]{6}$"), 1),
    ],
)
def test_the_rows_query_lists_what_the_expectation_refuses(
    connection: duckdb.DuckDBPyConnection, expect: Expect, broken: int
) -> None:
    listed = connection.execute(f"select count(*) from s.t where {expect.violated()}").fetchone()
    assert listed == (broken,)
    assert judge(connection, expect)[0].held is (broken == 0)


def test_a_query_that_cannot_run_has_no_verdict_and_spoils_no_other(connection: duckdb.DuckDBPyConnection) -> None:
    bad, good = judge(connection, "select no_such_column from {batch}", "select * from {batch} where n > 2")
    assert bad.held is None and "no_such_column" in bad.problem
    assert good.held is True


def test_like_patterns_work_on_duckdb(connection: duckdb.DuckDBPyConnection) -> None:
    gx_adapter.install()
    gxe: Any = importlib.import_module("great_expectations.expectations")
    with judging(connection) as opened:
        batch = opened._batch("s.t")
        assert batch.validate(gxe.ExpectColumnValuesToMatchLikePattern(column="code", like_pattern="5201%")).success
        assert not batch.validate(
            gxe.ExpectColumnValuesToNotMatchLikePattern(column="code", like_pattern="%00")
        ).success


def test_the_persisted_connection_is_still_needed(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    gx_adapter.install()
    engine: Any = importlib.import_module("great_expectations.execution_engine.sqlalchemy_execution_engine")
    upstream = tuple(name for name in engine._PERSISTED_CONNECTION_DIALECTS if name.value != "duckdb")
    monkeypatch.setattr(engine, "_PERSISTED_CONNECTION_DIALECTS", upstream)
    assert judge(connection, "select * from {batch} where n > 2")[0].held is None, UNNEEDED


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("get_dialect_regex_expression", lambda column, dialect: (column, "^5", dialect)),
        ("get_dialect_like_pattern_expression", lambda column, dialect: (column, dialect, "5%")),
    ],
)
def test_the_regex_and_like_forms_are_still_needed(function: str, arguments: Any) -> None:
    gx_adapter.install()
    upstream: Any = importlib.import_module("great_expectations.expectations.metrics.util")
    dialect: Any = importlib.import_module("duckdb_engine").Dialect()
    column: Any = importlib.import_module("sqlalchemy").column("code")
    assert getattr(upstream, function)(*arguments(column, dialect)) is None, UNNEEDED


def test_the_import_in_the_background_ends_with_the_adapters_in_place() -> None:
    gx_adapter.warm_up().join()
    assert gx_adapter._installed


def test_the_judge_keeps_quiet_whatever_the_root_logger_lets_through(
    connection: duckdb.DuckDBPyConnection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)  # as dbt does
    assert judge(connection, "select * from {batch} where n > 2")[0].held
    assert [record.name for record in caplog.records if record.name.startswith("great_expectations")] == []


def test_distributions_are_imported_when_one_is_asked_for_and_not_by_a_look_at_the_modules() -> None:
    program = (
        "import inspect, sys\n"
        "from dagster_project.checks.gx_adapter import install\n"
        "install()\n"
        "inspect.stack()\n"
        "assert 'scipy.stats._distn_infrastructure' not in sys.modules\n"
        "from scipy import stats\n"
        "assert round(stats.norm.cdf(0), 3) == 0.5\n"
        "import scipy.stats\n"
        "assert scipy.stats.norm.name == 'norm'\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
