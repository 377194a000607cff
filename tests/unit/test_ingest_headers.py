"""Headers: names of columns, what is missing and what nobody knows (S11)."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.errors import ExitCode
from tests.intake_world import Home, rows, text


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


def test_S11_headers(home: Home) -> None:
    one = rows("setl_d", 2)
    home.put_rows(
        "setl_d_alias.csv",
        one,
        header={"inscp_amt": "inscp_scp_amt", "psn_pay": "PSN_PART_AMT", "setl_id": " 结算ID\t"},
    )
    home.put_rows("setl_d_extra.csv", [r | {"psn_name": "x", "note": "y"} for r in rows("setl_d", 1, start=3)])
    home.put_rows("setl_d_twice.csv", [r | {"inscp_scp_amt": "1"} for r in rows("setl_d", 1, start=4)])
    home.put_rows(
        "setl_d_less.csv", [{k: v for k, v in r.items() if k != "med_type"} for r in rows("setl_d", 1, start=5)]
    )
    home.put_rows("setl_d_none.csv", [{"a": "1", "b": "2"}])
    home.put("setl_d_empty.csv", "")
    home.put("setl_d_blank.csv", "\n\n")
    home.put("setl_d_head.csv", text(one).splitlines()[0] + "\n")
    home.put("setl_d_head.parquet", b"")
    report = home.run()
    found = {file.source_file: file for file in report.files}
    assert found["setl_d_alias.csv"].rows_accepted == 2 and found["setl_d_extra.csv"].status == "loaded"
    assert "note" in str(found["setl_d_extra.csv"].reason)
    assert home.query("select extra_columns from ops.file where source_file = 'setl_d_extra.csv'") == [
        (["psn_name", "note"],)
    ]
    assert "inscp_amt" in str(found["setl_d_twice.csv"].reason) and "med_type" in str(found["setl_d_less.csv"].reason)
    assert "not a header" in str(found["setl_d_none.csv"].reason)
    for name in ("setl_d_empty.csv", "setl_d_blank.csv", "setl_d_head.parquet"):
        assert found[name].status == "refused" and "empty" in str(found[name].reason), name
    head = found["setl_d_head.csv"]
    assert (head.status, head.rows_read) == ("loaded", 0) and "header only" in str(head.reason)
    assert report.exit_code == ExitCode.PARTLY
    assert home.value("select count(*) from raw.setl_d") == 3
    assert home.value("select count(*) from ops.file where status = 'refused' and reason is not null") == len(
        report.refused
    )
