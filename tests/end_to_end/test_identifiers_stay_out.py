"""No number of a person and of no certificate is in anything that intake stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.conftest import SampleHome
from tests.second_route.files import landed_files

IDENTIFIERS = ("psn_no", "certno")
# How an invented person number and an invented certificate look inside a longer text.
WRITTEN = ("9900[0-9]{12}", "990000[0-9]{11}[0-9X]")


def _landed(landing: Path) -> pl.Series:
    """Every person number and certificate of every landed file."""
    found = [
        file.frame[name].cast(pl.String).unique()
        for file in landed_files(landing)
        for name in IDENTIFIERS
        if name in file.frame.columns
    ]
    return pl.concat(found).drop_nulls().unique().str.strip_chars().alias("value")


def _text_columns(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    yield from connection.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns() "
        "where (schema_name = 'raw' or (schema_name = 'quarantine' and table_name = 'rejected_row')) "
        "and data_type like 'VARCHAR%' order by all"
    ).fetchall()


def test_no_landed_identifier_is_in_any_text_of_raw_or_quarantine(
    sample_home: SampleHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sample_home.home)
    identifiers = _landed(sample_home.landing)
    assert identifiers.len() > 10_000
    leaks: dict[str, int] = {}
    with duckdb.connect(str(sample_home.warehouse), read_only=True) as connection:
        connection.register("identifier", identifiers.to_frame())
        columns = list(_text_columns(connection))
        assert len({table for table, _ in columns}) > 15
        for table, column in columns:
            pieces = " union all ".join(
                f"select unnest(regexp_extract_all(held, '{form}')) from held" for form in WRITTEN
            )
            found = connection.execute(
                f'with held as (select distinct cast("{column}" as varchar) as held from {table}), '
                f"pieces as (select held from held union all {pieces}) "
                "select count(*) from pieces semi join identifier on pieces.held = identifier.value"
            ).fetchone()
            if found != (0,):
                leaks[f"{table}.{column}"] = found[0] if found else -1
    assert leaks == {}


def test_a_row_key_of_a_person_tells_nothing_of_the_person(sample_home: SampleHome) -> None:
    for file in landed_files(sample_home.landing, {"psn_info_b"}):
        keys = file.frame["rid"]
        assert keys.n_unique() == file.frame["psn_no"].n_unique()
        told = [key for key, person in zip(keys, file.frame["psn_no"], strict=True) if person and person[-8:] in key]
        assert not told
