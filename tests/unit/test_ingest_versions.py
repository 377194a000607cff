"""Row versions (S5), full deliveries, and the months that a delivery touches."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import duckdb
import pytest

from dagster_project.checks import landing as landing_checks
from dagster_project.ingest import mark_built
from dagster_project.warehouse import connect
from tests.intake_world import Home, row, rows


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


def current(home: Home, table: str, columns: str) -> list[tuple[object, ...]]:
    """Current rows of a raw table."""
    return home.query(
        f"select {columns} from raw.{table} as r anti join (select * from ops.superseded where extract = '{table}') as s "
        "on s.load_id = r.load_id and s.source_row = r.source_row order by all"
    )


def build(home: Home) -> None:
    """As after a successful build."""
    with connect(home.settings) as connection:
        mark_built(connection)


def test_S5_the_newest_version_wins_whatever_the_order(tmp_path: Path) -> None:
    files = {
        "a": [row("setl_d", 1, updt_time="2024-02-01 00:00:00", emp_no="old"), row("setl_d", 2, emp_no="same")],
        "b": [row("setl_d", 1, updt_time="2024-03-01 00:00:00", emp_no="new"), row("setl_d", 3, emp_no="x")],
        "c": [row("setl_d", 2, emp_no="same"), row("setl_d", 3, emp_no="y"), row("setl_d", 3, emp_no="z")],
    }
    seen = set()
    for place, order in enumerate(list(permutations(files))[::2]):
        home = Home(tmp_path / str(place), key=tmp_path / "key")
        for name in order:
            home.put_rows(f"setl_d_{name}.csv", files[name])
            home.run()
        assert home.value("select count(*) from ops.superseded") == 4
        seen.add(tuple(current(home, "setl_d", "setl_id, emp_no, source_file")))
    ((state),) = seen
    assert [line[:2] for line in state][:2] == [("set1", "new"), ("set2", "same")] and len(state) == 3


def test_S5_a_tie_goes_to_the_later_delivery(tmp_path: Path) -> None:
    for place, order in enumerate((("b1", "b2"), ("b2", "b1"))):
        home = Home(tmp_path / str(place))
        for batch in order:
            home.put_rows(
                f"{batch}/fixmedins_b_{batch}.csv", [row("fixmedins_b", 1, hosp_lv="02" if batch == "b1" else "05")]
            )
            home.manifest(batch, extracted_at=f"2024-0{batch[1]}-01T00:00:00")
            home.run()
        assert current(home, "fixmedins_b", "hosp_lv") == [("05",)]
        assert home.query("select superseded_at::varchar from ops.superseded") == [("2024-02-01 00:00:00",)]


def tied(home: Home) -> list[tuple[object, ...]]:
    """What the check of landing lists of rows that lost by their content alone."""
    (check,) = [
        one for one in landing_checks.plan(home.settings, duckdb.connect(), "") if one.rule == "key_twice_same_version"
    ]
    return home.query(check.bad.format(batch="ops.tied_row"))


def test_S5_one_key_with_one_version_and_two_contents_is_a_finding(home: Home) -> None:
    twice = [row("setl_d", 2, emp_no="a"), row("setl_d", 2, emp_no="b")]
    of_two = [row("setl_d", 3, psn_no="52010000000000000003"), row("setl_d", 3, psn_no="52010000000000000004")]
    home.put_rows("setl_d_1.csv", [row("setl_d", 1), row("setl_d", 1), *twice, *of_two, row("setl_d", 4)])
    home.run()
    assert home.value("select count(*) from ops.superseded") == 3
    assert tied(home) == [("setl_d", "setl_d_1.csv", 2)]
    # Delivered again with a newer time, the key is no matter any more; a file that is taken in later counts by itself.
    home.put_rows("setl_d_2.csv", [row("setl_d", 2, emp_no="c", updt_time="2024-03-01 00:00:00")])
    home.put_rows(
        "setl_d_3.csv", [row("setl_d", 5, emp_no="a"), row("setl_d", 5, emp_no="b"), row("setl_d", 5, emp_no="c")]
    )
    home.run()
    assert sorted(tied(home)) == [("setl_d", "setl_d_1.csv", 1), ("setl_d", "setl_d_3.csv", 2)]


def test_S5_a_run_of_the_year_end_comes_after_all_months(home: Home) -> None:
    home.put_rows("drg_dip_group_result_1.csv", [row("drg_dip_group_result", 1, run_id="2024YE", mdc="A")])
    home.put_rows("drg_dip_group_result_2.csv", [row("drg_dip_group_result", 1, run_id="202412", mdc="B")])
    home.put_rows(
        "drg_dip_group_result_3.csv",
        [row("drg_dip_group_result", 2, run_id="202501"), row("drg_dip_group_result", 2, run_id="2024YE")],
    )
    home.run()
    assert current(home, "drg_dip_group_result", "setl_id, run_id") == [("set1", "2024YE"), ("set2", "202501")]


def test_the_newest_ledger_wins(home: Home) -> None:
    home.put_rows(
        "fund_ledger_m_1.csv",
        [row("fund_ledger_m", as_of="2024-02-01", amt="1"), row("fund_ledger_m", as_of="2024-03-01", amt="2")],
    )
    home.run()
    assert current(home, "fund_ledger_m", "amt::integer") == [(2,)]


@pytest.mark.parametrize("order", [("b1", "b2"), ("b2", "b1")])
def test_a_row_absent_from_a_newer_full_delivery_is_closed(home: Home, order: tuple[str, str]) -> None:
    content = {
        "b1": [row("psn_insu_d", n, psn_no=f"p{n}", updt_time="2024-01-01 00:00:00") for n in (1, 2, 3)],
        "b2": [row("psn_insu_d", n, psn_no=f"p{n}", updt_time="2024-01-01 00:00:00") for n in (2, 4)],
    }
    for batch in order:
        # Two files of one delivery count together.
        for part, line in enumerate(content[batch]):
            home.put_rows(f"{batch}/psn_insu_d_{part}.csv", [line])
        home.manifest(batch, extracted_at=f"2024-0{batch[1]}-15T00:00:00")
        home.run()
    assert [r[0] for r in current(home, "psn_insu_d", "psn_insu_rlts_id")] == ["psn2", "psn4"]
    closed = home.query("select superseded_at::varchar, by_source_row is null from ops.superseded order by all")
    # The file of psn2 is in both deliveries: loaded once, absent from neither.
    assert closed == [("2024-02-15 00:00:00", True), ("2024-02-15 00:00:00", True)]


def test_an_increment_closes_nothing(home: Home) -> None:
    for batch in ("b1", "b2"):
        home.put_rows(f"{batch}/psn_insu_d.csv", [row("psn_insu_d", int(batch[1]), psn_no="p")])
        home.manifest(batch, extracted_at=f"2024-0{batch[1]}-15T00:00:00", delivery="increment")
    home.run()
    assert len(current(home, "psn_insu_d", "1")) == 2


# One month, delivered as its increment, as a full snapshot and in a re-extraction of the last three months: number, version.
# 2 and 4 were voided and deleted at the source, so the snapshot lacks them; 2 and 5 are there again later, 2 as it was before.
MONTH = {
    "b1": ("increment", [(1, 1), (2, 5), (3, 1), (4, 1), (5, 1), (6, 2)]),
    "b2": ("full", [(1, 2), (3, 1), (6, 1)]),
    "b3": ("increment", [(1, 2), (2, 1), (3, 3), (5, 1), (7, 1)]),
}
# Number, version and delivery of what stands: rows delivered after the snapshot, or in it; of those the newest version.
STANDS = [(1, 2, "b3"), (2, 1, "b3"), (3, 3, "b3"), (5, 1, "b3"), (6, 2, "b1"), (7, 1, "b3")]


@pytest.mark.parametrize("order", [*permutations(MONTH), ()], ids=lambda order: "-".join(order) or "at_once")
def test_S5_increment_snapshot_and_re_extraction_end_in_one_state(tmp_path: Path, order: tuple[str, ...]) -> None:
    home = Home(tmp_path / "home")
    for batch in order or MONTH:
        delivery, versions = MONTH[batch]
        cells = [(number, {"updt_time": f"2024-02-0{version} 00:00:00"}) for number, version in versions]
        home.put_rows(f"{batch}/setl_d_{batch}.csv", [row("setl_d", number, **at(1), **cell) for number, cell in cells])
        home.manifest(batch, extracted_at=f"2024-0{int(batch[1]) + 2}-05T00:00:00", delivery=delivery)
        if order:
            home.run()
            build(home)
    due = home.run().touched_months
    found = current(home, "setl_d", "setl_id[4:]::integer, day(updt_time)::integer, source_file[:2]")
    assert found == STANDS
    assert due == ([] if order else [202401])
    assert home.query("select count(*), count(distinct (load_id, source_row)) from ops.superseded") == [(8, 8)]


def at(month: int) -> dict[str, str]:
    """Cells that put a settlement into a month of 2024."""
    return {
        "setl_time": f"2024-{month:02d}-20 10:00:00",
        "begndate": f"2024-{month:02d}-20",
        "enddate": f"2024-{month:02d}-20",
    }


def settled_year(home: Home) -> None:
    """Twelve months of settlements that are built already."""
    table = [row("setl_d", m, **at(m), mdtrt_id=f"m{m}", med_type="21" if m in (3, 4) else "11") for m in range(1, 13)]
    table[3]["mdtrt_id"] = "m3"  # one stay settled in March and April
    home.put_rows("setl_d_year.csv", table)
    assert home.run().touched_months == [202400 + m for m in range(1, 13)]
    build(home)
    assert home.query("select count(*) from ops.built_load") == [(1,)]


def touched(home: Home, name: str, table: list[dict[str, str]]) -> list[int]:
    """Months due after one more file."""
    home.put_rows(name, table)
    months = home.run().touched_months
    build(home)
    return [month - 202400 for month in months]


def test_touched_months(home: Home) -> None:
    settled_year(home)
    assert home.run().touched_months == []
    late = row("setl_d", 20, **at(7))
    assert touched(home, "setl_d_a.csv", [late]) == [7]
    # A row makes its own month due. What its mirror, its original or its stay lies in, the models find by what has changed there.
    assert touched(home, "setl_d_b.csv", [row("setl_d", 21, **at(9), refd_setl_flag="1", init_setl_id="set1")]) == [9]
    assert touched(home, "setl_d_c.csv", [row("setl_d", 25, **at(6), mdtrt_id="m3", setl_type="3")]) == [6]
    # A newer version touches the month of the row that it replaces.
    newer = row("setl_d", 3, **at(3), mdtrt_id="m8", med_type="21", updt_time="2025-01-01 00:00:00")
    assert touched(home, "setl_d_d.csv", [newer]) == [3]
    assert touched(home, "mdtrt_d.csv", [row("mdtrt_d", mdtrt_id="m10")]) == []
    results = [row("drg_dip_group_result", 4, mdtrt_id="m4", setl_id="set12")]
    assert touched(home, "drg_dip_group_result.csv", results) == []
    assert touched(home, "population_ref.csv", rows("population_ref", 1)) == []


def compared(home: Home, name: str, table: list[dict[str, str]]) -> tuple[list[int], list[tuple[int, str]]]:
    """Months to rebuild after one more file, and those only to compare again with the reasons."""
    home.put_rows(name, table)
    rebuilt = [month - 202400 for month in home.run().touched_months]
    again = home.query(
        "select settlement_month - 202400, reason from ops.touched_source_month "
        "left join ops.touched_reason using (settlement_month) order by all"
    )
    return rebuilt, [(int(month), str(reason)) for month, reason in again]


def test_split_lines_and_account_payments_alone_make_their_settlements_compared_again(home: Home) -> None:
    settled_year(home)

    def part(setl_id: str, **cells: str) -> dict[str, str]:
        moment = {"updt_time": "2024-12-31 10:00:00"}
        return row("setl_fund_sbit_d", setl_id=setl_id, fund_pay_type="310100", fund_payamt="60") | moment | cells

    def line(setl_id: str, **cells: str) -> dict[str, str]:
        codes = {"med_type": "11", "list_type": "101", "med_chrgitm_type": "09", "chrgitm_lv": "01", "vali_flag": "1"}
        return row("fee_list_d", bkkp_sn="f1", setl_id=setl_id) | codes | cells

    assert compared(home, "setl_fund_sbit_d_a.csv", [part("set3"), part("set5"), part("nobody")]) == (
        [],
        [(3, "fund_split"), (5, "fund_split")],
    )
    build(home)
    assert home.query("select * from ops.touched_source_month") == []
    newer = part("set3", fund_payamt="61", updt_time="2025-01-01 00:00:00")
    assert compared(home, "setl_fund_sbit_d_b.csv", [newer]) == ([], [(3, "fund_split")])
    # Not built so far: it stays due beside the next, and is rebuilt when its settlements change.
    assert compared(home, "fee_list_d_a.csv", [line("set4")]) == ([], [(3, "fund_split"), (4, "charge_line")])
    assert compared(home, "setl_d_late.csv", [row("setl_d", 30, **at(3))]) == ([3], [(4, "charge_line")])
    build(home)
    # A line that goes over to another settlement concerns both.
    moved = line("set7", updt_time="2025-01-01 00:00:00")
    assert compared(home, "fee_list_d_b.csv", [moved]) == ([], [(4, "charge_line"), (7, "charge_line")])
    build(home)
    paid = row("acct_pay_detl_d", setl_id="set9", acct_incexpd_type="2", psn_rlts="3", vali_flag="1")
    assert compared(home, "acct_pay_detl_d_a.csv", [paid]) == ([], [(9, "account_payment")])
