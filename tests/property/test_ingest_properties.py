"""Properties of intake over generated deliveries: accounting, independence of order, format and splitting."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.intake_world import Home, Row, parquet, row, text

AMOUNTS = st.sampled_from(["0", "1.00", " 2.50", "1,000", "x", "", "3.005", "1e2", "-4"])
MONTHS = st.sampled_from(["2024-01-05 10:00:00", "20240205", "2024/3/5 9:00", "2024-13-01", "", "2024-01-05 24:00:00"])
CODES = st.sampled_from(["11", "21", "1404", "9977", "81", "", "53_04", "11\t"])
CELLS = st.fixed_dictionaries(
    {
        "setl_id": st.sampled_from(["s1", "s2", "s3", "s4", ""]),
        "medfee_sumamt": AMOUNTS,
        "inscp_amt": AMOUNTS,
        "setl_time": MONTHS,
        "med_type": CODES,
        "updt_time": st.sampled_from(["2024-01-05 10:00:00", "2024-02-05 10:00:00"]),
        "emp_no": st.sampled_from(["a", "b", "null"]),
    }
)


def made(cells: dict[str, str]) -> Row:
    """A settlement that is good only if the drawn cells are."""
    plain = {
        "hifp_pay": "0",
        "fund_pay_sumamt": "0",
        "psn_pay": cells["medfee_sumamt"],
        "cash_payamt": cells["medfee_sumamt"],
    }
    return row("setl_d", **plain, hi_agre_sumfee="0") | cells


def taken(batches: list[tuple[str, list[Row]]], key: Path, form: str = "csv", runs: int = 1) -> Any:
    """State of a home after taking in batches: current rows and the accounts, without load numbers."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home", key=key)
        for place, (name, table) in enumerate(batches):
            if form == "csv":
                home.put(f"setl_d_{name}.csv", text(table))
            else:
                parquet(home.landing / f"setl_d_{name}.parquet", table)
            if runs > 1 or place == len(batches) - 1:
                home.run()
        accounts = home.query("select rows_read, rows_accepted, rows_quarantined from ops.load order by all")
        assert all(read == accepted + held for read, accepted, held in accounts)
        held = home.query("select source_row, list_sort(rule_ids) from quarantine.rejected_row order by all")
        current = home.query(
            "select * exclude (load_id, source_file, source_row) from raw.setl_d as r anti join ops.superseded as s "
            "on s.load_id = r.load_id and s.source_row = r.source_row order by all"
        )
        return accounts, held, current


_KEY = Path(tempfile.mkdtemp()) / "property.key"


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(st.lists(CELLS, min_size=1, max_size=5), st.lists(CELLS, min_size=1, max_size=5))
def test_S5_order_of_loading_and_number_of_runs_do_not_matter(
    first: list[dict[str, str]], second: list[dict[str, str]]
) -> None:
    one = ("a", [made(cells) for cells in first])
    two = ("b", [made(cells) for cells in second])
    together = taken([one, two], _KEY)
    assert taken([two, one], _KEY, runs=2) == together


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(st.lists(CELLS, min_size=1, max_size=5))
def test_S9_S10_text_and_parquet_of_the_same_cells_agree(table: list[dict[str, str]]) -> None:
    batch = [("a", [made(cells) for cells in table])]
    assert taken(batch, _KEY) == taken(batch, _KEY, form="parquet")
