"""Counting what a statement reads: the engine's profile, and what is too much for one corrected month."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from bench.reads import CountingConnection, Scan
from bench.wide_reads import EDGES, judged, read_scans

ROWS = {"raw.setl_d": 1000, "core.fct_settlement": 1000}


@pytest.fixture
def counting(tmp_path: Path) -> CountingConnection:
    """A warehouse of twelve months of 1,000 settlements with 20 columns, natively and as Parquet of raw."""
    connection = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
    columns = ", ".join(f"i + {number} as c{number}" for number in range(19))
    connection.execute("create schema core")
    connection.execute(
        f"create table core.fct_settlement as select i // 1000 as settlement_month, {columns} from range(12000) as t (i)"
    )
    for month in range(12):
        folder = tmp_path / "raw" / "setl_d" / str(month)
        folder.mkdir(parents=True)
        connection.execute(
            f"copy (from core.fct_settlement where settlement_month = {month}) to '{folder / '1.parquet'}' (format parquet)"
        )
    return CountingConnection(connection, tmp_path / "reads.jsonl")


def scans_of(counting: CountingConnection, tmp_path: Path, *statements: str) -> list[Scan]:
    """Scans of these statements and of nothing else."""
    for statement in statements:
        counting.execute(statement).fetchall()
    counting.close()
    return read_scans(tmp_path / "reads.jsonl")


@pytest.mark.parametrize("source", ["core.fct_settlement", "read_parquet('{}/raw/setl_d/*/*.parquet')"])
def test_a_full_wide_scan_is_beyond_the_limit_and_a_month_is_not(
    counting: CountingConnection, tmp_path: Path, source: str
) -> None:
    everything = f"select columns(*)::varchar from {source.format(tmp_path)}"
    of_month, of_all = scans_of(counting, tmp_path, f"{everything} where settlement_month = 3", everything)
    month = judged([of_month], ROWS)
    assert (month["wide_scans"], month["largest_wide_scan"], month["beyond"]) == (1, 1.0, [])
    whole = judged([of_all], ROWS)
    assert whole["largest_wide_scan"] == 12.0
    assert [scan["months"] for scan in whole["beyond"]] == [12.0]


def test_narrow_partials_are_counted_beside(counting: CountingConnection, tmp_path: Path) -> None:
    found = judged(scans_of(counting, tmp_path, "select c1, c2 from core.fct_settlement"), ROWS)
    assert (found["wide_scans"], found["narrow_scans"], found["narrow_cells"]) == (0, 1, 24_000)


def test_every_statement_of_a_script_is_counted_under_its_node(counting: CountingConnection, tmp_path: Path) -> None:
    script = (
        'create temp table a as select c1 from core.fct_settlement; /* {"node_id": "model.medical.fct_stay"} */ '
        "create temp table b as select c1, c2, c3 from core.fct_settlement where c1 > 5; select 1"
    )
    found = scans_of(counting, tmp_path, script)
    assert [(scan.table, scan.columns) for scan in found] == [("core.fct_settlement", 1), ("core.fct_settlement", 3)]
    assert [scan.statement[:19] for scan in found] == ["create temp table a", "fct_stay"]


def test_older_versions_of_the_month_make_no_other_month_smaller() -> None:
    versions = {"raw.setl_d": 3000, "core.fct_settlement": 1000}
    all_versions = Scan("raw.setl_d", scanned=0, rows=3000, columns=40, statement="month")
    two_months_more = Scan("raw.setl_d", scanned=0, rows=5000, columns=40, statement="neighbours")
    assert judged([all_versions], versions)["largest_wide_scan"] == 1.0
    assert judged([two_months_more], versions)["largest_wide_scan"] == 3.0


def test_rows_that_a_scan_passes_through_count_beyond_the_edges_of_row_groups() -> None:
    month = "settlement_month=3"
    through = Scan("core.fct_settlement", EDGES + 50_000, rows=10, columns=40, statement="lookup", filters=month)
    assert judged([through], ROWS)["largest_wide_scan"] == 50.0
    at_the_edges = Scan("core.fct_settlement", EDGES, rows=1000, columns=40, statement="month", filters=month)
    assert judged([at_the_edges], ROWS)["beyond"] == []


def test_a_few_rows_looked_for_in_every_month_are_a_read_of_all(counting: CountingConnection, tmp_path: Path) -> None:
    few = "select columns(*)::varchar from core.fct_settlement where c1 % 100 = 1"
    everywhere, in_a_month = scans_of(counting, tmp_path, few, f"{few} and settlement_month = 3")
    assert everywhere.rows < 1000
    assert judged([everywhere], ROWS)["largest_wide_scan"] == 12.0
    assert judged([in_a_month], ROWS)["beyond"] == []
