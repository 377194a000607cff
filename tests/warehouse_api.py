"""How the end-to-end tests drive the product: its command line and its public functions, and how they read its numbers.

Belongs here: running and reading. Does not belong here: expectations.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from tests.truth import FRAME

FIXED_NOW = "2026-03-01T00:00:00+00:00"
LAST_DIGITS = 1e-12
BREAKDOWNS = ["scheme", "member_status", "hospital_tier", "visit_type", "travel_class"]


@dataclass(frozen=True)
class Spoken:
    """What a command said and how it ended."""

    code: int
    text: str

    @property
    def has_traceback(self) -> bool:
        """Whether a user would have met the insides."""
        return "Traceback" in self.text or 'File "' in self.text


def bulletin(*words: str, key: Path | None = None, timeout: int = 900) -> Spoken:
    """Run the `bulletin` command in a process of its own."""
    environment = os.environ | {"BULLETIN_NOW": FIXED_NOW, "BULLETIN_LANG": "en"}
    if key is not None:
        environment["BULLETIN_KEY_FILE"] = str(key)
    done = subprocess.run(
        [sys.executable, "-m", "dagster_project.cli", *words],
        env=environment, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    return Spoken(done.returncode, done.stdout + done.stderr)


def settings_of(home: Path, key: Path | None = None) -> Any:
    """Settings of a home with a key beside it, so that tests never touch the user's own key."""
    from dagster_project.settings import Settings

    return Settings(home=home, key_file=key or home.parent / f"{home.name}.key", language="en", threads=2)


def take_in(home: Path, key: Path | None = None) -> Any:
    """Intake alone; returns its report."""
    from dagster_project import run, stages

    settings = settings_of(home, key)
    run_id = str(uuid.uuid4())
    run.begin(settings, run_id, "test")
    report = stages.take_in(settings, run_id)
    run.finish(settings, run_id, "done")
    return report


def build_models(home: Path, key: Path | None = None, full_refresh: bool = False) -> None:
    """Definitions, core, cubes and indicators from what has been taken in; no checks, no documents."""
    from dagster_project import stages

    settings = settings_of(home, key)
    stages.load_definitions(settings)
    stages.require_whole(stages.build_models(settings, stages.CORE, full_refresh))
    stages.require_whole(stages.build_models(settings, stages.INDICATOR, full_refresh))
    stages.mark_cubes_built(settings)


def build_home(home: Path, key: Path | None = None) -> Any:
    """Intake and models of a home; returns the report of the intake."""
    os.environ["BULLETIN_NOW"] = FIXED_NOW
    report = take_in(home, key)
    build_models(home, key)
    return report


def query(warehouse: Path, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
    """Rows of one statement on a warehouse that nobody else holds."""
    with duckdb.connect(str(warehouse)) as connection:
        return connection.execute(sql, parameters or []).fetchall()


def headline_frame(warehouse: Path, label_column: str | None = None) -> pl.DataFrame:
    """Annual indicators as the warehouse has them, one row an indicator, year and region: the least broken-down row.

    With a label column, one row a label of it besides, all other breakdowns as little broken down as they can be.
    """
    totals = " + ".join(f"cast({column} = 'total' as integer)" for column in BREAKDOWNS)
    key = ["indicator_id", "year", "region_code", *([label_column] if label_column else [])]
    rows = query(
        warehouse,
        f"""
        with annual as (
            select *, {totals} + cast(coalesce(other_member, 'total') = 'total' as integer) as totals
            from indicator.indicator_value
            where month is null and period_kind = 'year' and region_level in ('province', 'prefecture')
        )
        select {", ".join(key)}, numerator, denominator, value
        from annual
        qualify totals = max(totals) over (partition by {", ".join(key)})
        order by {", ".join(key)}
        """,
    )
    schema = {name: FRAME.get(name, pl.String) for name in [*key, "numerator", "denominator", "value"]}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    doubles = frame.filter(frame.select(key).is_duplicated())
    assert doubles.is_empty(), f"more than one whole: {doubles.head(5)}"
    return frame


def other_breakdowns(warehouse: Path) -> pl.DataFrame:
    """Annual rows of the breakdowns that have no column of their own, in the order of their key."""
    rows = query(
        warehouse,
        """
        select indicator_id, year, region_code, other_dimension, other_member, numerator, denominator, status, reason
        from indicator.indicator_value
        where month is null and period_kind = 'year' and other_dimension <> 'total'
        order by all
        """,
    )
    kinds = {"numerator": FRAME["numerator"], "denominator": FRAME["denominator"], "year": pl.Int32}
    names = [
        "indicator_id",
        "year",
        "region_code",
        "dimension",
        "member",
        "numerator",
        "denominator",
        "status",
        "reason",
    ]
    return pl.DataFrame(rows, schema={name: kinds.get(name, pl.String) for name in names}, orient="row")


def sorted_csv(warehouse: Path, table: str = "indicator.indicator_value") -> str:
    """A table as CSV text in a fixed order, to be compared byte for byte."""
    with duckdb.connect(str(warehouse)) as connection:
        return str(connection.execute(f"select * from {table} order by all").pl().write_csv())


def compare(expected: pl.DataFrame, found: pl.DataFrame) -> list[str]:
    """Differences in numerator, denominator or value. What is not there, as null or as no row, is never 0."""
    key = ["indicator_id", "year", "region_code"]
    both = expected.join(found, on=key, how="left", suffix="_found")
    wrong = []
    for row in both.iter_rows(named=True):
        ours = (row["numerator"], row["denominator"], row["value"])
        theirs = (row["numerator_found"], row["denominator_found"], row["value_found"])
        if ours[:2] != theirs[:2] or not same_value(ours[2], theirs[2]):
            place = f"{row['indicator_id']} {row['year']} {row['region_code']}"
            wrong.append(f"{place}: expected {told(ours)}, found {told(theirs)}")
    return wrong


def same_value(ours: float | None, theirs: float | None) -> bool:
    """Whether two values are one division of the same parts: equal but for the last digits of a double, or both missing."""
    if ours is None or theirs is None:
        return ours is theirs
    return math.isclose(ours, theirs, rel_tol=LAST_DIGITS)


def told(parts: tuple[Any, Any, Any]) -> str:
    """Numerator, denominator and value as a difference shows them."""
    return "{}/{} = {}".format(*parts)
