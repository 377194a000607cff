"""Headers: names of columns, what is missing and what nobody knows (S11)."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter

from dagster_project.errors import ExitCode
from dagster_project.ingest import try_file
from dagster_project.language import Text
from tests.intake_world import Home, parquet, row, rows, text


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


def refused(home: Home, name: str, content: str | bytes) -> Text:
    """Why a run refuses a file; `try` says the same."""
    path = home.put(name, content)
    (file,) = home.run().refused
    assert file.reason is not None and try_file(home.settings, path).files[0].refusal == file.reason
    return file.reason


def test_S11_a_wrong_header_names_what_was_not_recognised_and_what_is_missing(home: Home) -> None:
    wrong = {"setl_id": "settle_no", "med_type": "类别"}
    reason = refused(home, "setl_d.csv", text(rows("setl_d", 1), header=wrong))
    for said in (reason.zh, reason.en):
        assert all(name in said for name in ("settle_no", "类别", "setl_id", "med_type", "S11"))
        assert "psn_no" not in said, "what was recognised is no part of the matter"


@pytest.mark.parametrize("form", ["csv", "txt", "xlsx", "parquet"])
def test_S11_a_header_of_which_nothing_is_recognised_says_the_same(home: Home, form: str) -> None:
    table = [{"settle": "a", "person": "b"}]
    path = home.landing.parent / f"file.{form}"
    if form == "parquet":
        parquet(path, table)
    elif form == "xlsx":
        book = xlsxwriter.Workbook(str(path))
        book.add_worksheet().write_row(0, 0, list(table[0]))
        book.close()
    else:
        path.write_text(text(table, separator="\t" if form == "txt" else ","), encoding="utf-8")
    reason = refused(home, f"setl_d.{form}", path.read_bytes())
    assert all(name in reason.zh for name in ("settle", "person", "setl_id", "S11"))


def test_S11_data_in_place_of_a_header_are_not_repeated(home: Home) -> None:
    lines = text(
        [row("psn_info_b", 1, psn_no="52010000000042", certno="520102197013170015", psn_name="欧阳某某")]
    ).splitlines()
    reason = refused(home, "psn_info_b.csv", "\n".join(lines[1:]))
    assert "像是数据" in reason.zh and "psn_no" in reason.zh
    assert not any(secret in str(reason) for secret in ("欧阳某某", "520102197013170015", "52010000000042"))


def test_S11_a_name_that_looks_personal_is_masked(home: Home) -> None:
    reason = refused(home, "setl_d.csv", "setl_id,13812345678,x520102197013170015\n1,2,3\n")
    assert "***" in reason.zh and "13812345678" not in str(reason) and "520102197013170015" not in str(reason)
