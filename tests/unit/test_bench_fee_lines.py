"""Charge lines of the bench: copies that still belong to their settlements, and a lost one is found."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from bench import fee_lines, page_documented

MONTH = fee_lines.MONTH
_LINE = "'l1' as bkkp_sn, cast(null as varchar) as init_feedetl_sn, 'm' as mdtrt_id, 'p' as psn_no, '1' as vali_flag"


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """Two settlements with two lines each, one of which does not add up in a part."""
    zero = "0.00 as fulamt_ownpay_amt, 0.00 as overlmt_selfpay, 0.00 as preselfpay_amt"
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select setl_id, {_LINE}, 5.00 as det_item_fee_sumamt, {zero}, part as inscp_amt from (values "
            "('a', 5.00), ('a', 5.00), ('b', 5.00), ('b', 4.00)) as t (setl_id, part)) "
            f"to '{tmp_path / f'fee_list_d_{MONTH}.parquet'}'"
        )
        connection.execute(
            f"copy (select setl_id, 10.00 as medfee_sumamt, {zero}, 10.00 as inscp_amt from (values ('a'), ('b')) as t (setl_id)) "
            f"to '{tmp_path / f'setl_d_{MONTH}.parquet'}'"
        )
    return tmp_path


def test_copies_have_identifiers_of_their_own_and_fit_several_files(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fee_lines, "LINES_A_FILE", 8)
    landing, settlements = tmp_path / "landing", tmp_path / "settlements.parquet"
    assert fee_lines.write(sample, landing, settlements, lines=17) == 5
    files = sorted(landing.iterdir())
    assert len(files) == 3
    assert fee_lines.rows_and_columns(files)[0] == 20
    # One of two settlements does not add up, five times.
    assert fee_lines.differing(files, settlements) == (10, 5)


def test_a_lost_file_shows_as_lines_that_do_not_add_up(sample: Path, tmp_path: Path) -> None:
    file = sample / f"fee_list_d_{MONTH}.parquet"
    fewer = tmp_path / "fewer.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"copy (from '{file}' where setl_id <> 'a' union all (from '{file}' limit 1)) to '{fewer}'")
    assert fee_lines.differing([fewer], sample / f"setl_d_{MONTH}.parquet") == (2, 2)


def test_the_page_names_the_lines_and_the_year(tmp_path: Path) -> None:
    result = {
        "day": "2026-03-01",
        "code": "0.1.0",
        "machine": {"processor": "P", "cores": 2, "memory_bytes": 2**34, "load_before": 0.1},
        "lines": 1_000_000,
        "settlements": 400_000,
        "columns": 27,
        "intake": {"seconds": 4.0, "peak_bytes": 10**9},
        "lines_per_second": 250_000,
        "landed_bytes_a_line": 25.0,
        "raw_bytes_a_line": 18.0,
        "year": [
            {"lines": 10**9, "hours": 1.1, "raw_gigabytes": 18.0},
            {"lines": 2 * 10**9, "hours": 2.2, "raw_gigabytes": 36.0},
        ],
        "differing": 0,
        "differing_expected": 0,
    }
    (tmp_path / "fee_lines.json").write_text(json.dumps(result), encoding="utf-8")
    (section,) = page_documented.documented(tmp_path)
    assert "250,000" in section
    assert "1.1–2.2" in section
    assert "1,000,000" in section
