"""The bench's yardstick is worth something only while it computes the same numbers as the product."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from bench import compare, peer_engines, yardstick
from dagster_project.contracts import load_contracts
from tests.conftest import SampleHome

PRODUCTS_OWN = {"load_id", "province", "source_file", "source_row"}


@pytest.fixture(scope="module")
def measured(sample_home: SampleHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The yardstick's database over the landing folder of the session's sample."""
    database = tmp_path_factory.mktemp("yardstick") / "yardstick.duckdb"
    timed = yardstick.run(sample_home.landing, database, sample_home.key.read_bytes(), threads=2)
    assert [section["stage"] for section in timed] == ["intake", "model"]
    return database


@pytest.fixture(scope="module")
def narrow(sample_home: SampleHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, from nothing but the tables and columns that the script's model names."""
    database = tmp_path_factory.mktemp("narrow") / "yardstick.duckdb"
    yardstick.run(sample_home.landing, database, sample_home.key.read_bytes(), threads=2, narrow=True)
    return database


@pytest.mark.parametrize("which", ["measured", "narrow"])
def test_the_yardstick_has_our_numbers(
    which: str, sample_home: SampleHome, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    headlines = tmp_path / "headlines.duckdb"
    compare.take_headlines(sample_home.warehouse, headlines)
    comparison = compare.compare(headlines, request.getfixturevalue(which))
    assert comparison.headlines == 64
    assert comparison.compared == 64 * len(sample_home.years) * comparison.regions
    assert not comparison.different


def test_the_yardstick_has_the_products_tables_columns_and_types(measured: Path, sample_home: SampleHome) -> None:
    folders = list((measured.parent / "tables").iterdir())
    assert {folder.name for folder in folders} == set(load_contracts())
    with duckdb.connect(str(sample_home.warehouse), read_only=True) as connection:
        for folder in folders:
            theirs = described(connection, f"read_parquet('{folder}/*.parquet')")
            ours = described(connection, f"raw.{folder.name}")
            assert theirs.items() <= ours.items(), folder.name
            # What raw has beyond them is the product's own, or was not delivered.
            more = sorted(set(ours) - set(theirs) - PRODUCTS_OWN)
            counts = ", ".join(f"count({column})" for column in more) or "0"
            filled = connection.execute(f"select {counts} from raw.{folder.name}").fetchone()
            assert not any(filled or ()), (folder.name, more, filled)


@pytest.mark.parametrize(
    ("table", "column"), [("setl_d", "psn_no"), ("psn_info_b", "certno"), ("fee_list_d", "psn_no")]
)
def test_the_yardstick_has_our_pseudonyms(measured: Path, sample_home: SampleHome, table: str, column: str) -> None:
    with duckdb.connect(str(sample_home.warehouse), read_only=True) as connection:
        found = connection.execute(
            f"select count(*), count(*) filter (not is_theirs) from (select distinct {column}, {column} in (select "
            f"{column} from read_parquet('{measured.parent}/tables/{table}/*.parquet')) as is_theirs from raw.{table})"
        ).fetchone()
    assert found is not None and found[0] > 0 and found[1] == 0


def test_the_narrow_yardstick_keeps_only_what_its_model_names(measured: Path, narrow: Path) -> None:
    whole, kept = columns_of(measured), columns_of(narrow)
    assert kept < whole
    assert {"setl_d", "psn_info_b"} <= {table for table, _ in kept}
    assert not {"mdtrt_d", "fee_list_d", "setl_fund_sbit_d"} & {table for table, _ in kept}
    assert ("setl_d", "hifp_pay") in kept and ("setl_d", "acct_pay") in whole - kept


def described(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    """Columns of a relation with their types."""
    return {row[0]: row[1] for row in connection.execute(f"describe select * from {source}").fetchall()}


def columns_of(database: Path) -> set[tuple[str, str]]:
    """Tables and columns that a yardstick has written."""
    with duckdb.connect() as connection:
        return {
            (folder.name, column)
            for folder in (database.parent / "tables").iterdir()
            for column in described(connection, f"read_parquet('{folder}/*.parquet')")
        }


def test_the_peers_that_the_project_has_agree(sample_home: SampleHome, tmp_path: Path) -> None:
    for path in sample_home.landing.glob("*/setl_d_*.parquet"):
        (tmp_path / path.name).symlink_to(path)
    answers = [[float(value) for value in peer_engines.ENGINES[engine](tmp_path)[2]] for engine in ("duckdb", "polars")]
    assert answers[0] == answers[1]
    assert answers[0][0] > 1000
