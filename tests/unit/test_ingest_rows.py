"""Rows: unknown codes, thresholds, accounts, months."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from dagster_project import contracts
from dagster_project.checks import run_stage
from dagster_project.contracts.load import _contract, load_contracts
from dagster_project.errors import ExitCode
from dagster_project.ingest import decide
from dagster_project.ingest.scan import RuleCount, ScanResult
from tests.intake_world import Home, row, rows


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


def test_S1_unknown_codes(home: Home) -> None:
    changes = [
        {"med_type": "9977"}, {"med_type": "81"}, {"pay_loc": "8"}, {"refd_setl_flag": "7"}, {"refd_setl_flag": "2"},
        {"insutype": "777"}, {"fix_blng_admdvs": "528877"}, {"fix_blng_admdvs": "", "fixmedins_code": "H99999900001"},
        {"hosp_lv": "77"}, {"psn_type": "77"}, {"insutype": ""}, {"fix_blng_admdvs": "", "fixmedins_code": "X1"},
        {"med_type": "9101-9115"}, {"fix_blng_admdvs": "440305"}, {"fix_blng_admdvs": "529900"}, {"hosp_lv": "2"},
    ]  # fmt: skip
    home.put_rows("setl_d.csv", [row("setl_d", n, **change) for n, change in enumerate(changes, 1)])
    report = home.run()
    assert report.loaded[0].rows_quarantined == 9 and report.exit_code == ExitCode.DONE, "held rows never refuse a file"
    held = home.rejected()
    assert set(held) == {1, 2, 3, 4, 5, 6, 7, 8, 13}
    assert held[13] == ["code_unknown", "length"] and all(held[n] == ["code_unknown"] for n in range(1, 9))
    codes = {(column, code): (rows, money) for column, code, rows, money in home.query(
        "select column_name, code, rows, money from ops.unmapped_code")}  # fmt: skip
    assert codes["med_type", "81"] == (1, 100) and codes["hosp_lv", "77"] == (1, 100)
    assert home.query("select rows_warned from ops.load") == [(3,)], "two codes outside their sets, one zero restored"
    assert home.query("select hosp_lv from raw.setl_d where setl_id = 'set16'") == [("02",)]
    assert home.value("select count(*) from raw.setl_d where insutype is null") == 1  # R5


def test_L25_codes_beside_those_that_decide_something_are_lawful(home: Home) -> None:
    household = [row("psn_info_b", n, resd_natu=code) for n, code in enumerate(["10", "11", "20", "22", "90", ""], 1)]
    home.put_rows("psn_info_b.csv", household)
    for table in ("staf_psn_clct_detl_d", "rsdt_psn_clct_detl_d"):
        good = {
            "insutype": "310" if table.startswith("staf") else "390",
            "accrym_begn": "202401",
            "accrym_end": "202412",
            "cashym": "202401",
        }
        flags = [row(table, n, revs_flag=flag, **good) for n, flag in enumerate(["Z", "1", "2"], 1)]
        home.put_rows(f"{table}.csv", flags)
    home.run()
    columns = {column for (column,) in home.query("select column_name from ops.unmapped_code")}
    assert not columns & {"resd_natu", "revs_flag"}
    assert home.value("select count(*) from quarantine.rejected_row") == 0
    assert home.query("select revs_flag from raw.staf_psn_clct_detl_d order by 1") == [("1",), ("2",), ("Z",)]


def test_L9_a_province_declares_its_own_care_types(home: Home) -> None:
    home.settings.provinces.mkdir(parents=True)
    (home.settings.provinces / "520000.yml").write_text(
        "care_type_map: {'81': ordinary_outpatient}\n", encoding="utf-8"
    )
    home.put_rows(
        "setl_d.csv", [row("setl_d", 1, med_type="81"), row("setl_d", 2, med_type="81", insu_admdvs="370102")]
    )
    home.run()
    assert home.query("select setl_id from raw.setl_d") == [("set1",)], "another province's map says nothing"


def test_S1_held_rows_stay_until_they_are_delivered_again(home: Home) -> None:
    """What the help of the check and the guide say of an unknown code."""
    held = row("setl_d", 1, med_type="81")
    home.put_rows("setl_d_1.csv", [held])
    home.run()
    home.settings.provinces.mkdir(parents=True)
    (home.settings.provinces / "520000.yml").write_text(
        "care_type_map: {'81': ordinary_outpatient}\n", encoding="utf-8"
    )
    home.run()
    assert home.value("select count(*) from raw.setl_d") == 0
    home.put_rows("setl_d_2.csv", [held, row("setl_d", 2)])
    home.run()
    assert home.value("select count(*) from raw.setl_d") == 2
    assert home.value("select count(*) from quarantine.rejected_row") == 0, "the new file answers for it"


def test_L22_a_province_declares_its_own_identities(home: Home) -> None:
    home.settings.provinces.mkdir(parents=True)
    (home.settings.provinces / "520000.yml").write_text("identity_map: {'101': destitute}\n", encoding="utf-8")
    written = ["101", "低保对象", "102", "", "101"]
    settlements = [row("setl_d", n, sp_psn_type=code) for n, code in enumerate(written, 1)]
    settlements[4]["insu_admdvs"] = "370102"
    home.put_rows("setl_d.csv", settlements)
    home.run()
    assert home.value("select count(*) from raw.setl_d") == 5, "accepted, and the code is named"
    unknown = home.query("select code, rows from ops.unmapped_code where column_name = 'sp_psn_type' order by 1")
    assert unknown == [("101", 1), ("102", 1)], "another province's map says nothing"


def test_S2_thresholds(home: Home) -> None:
    def file(name: str, count: int, bad: int, start: int, **cells: str) -> None:
        good = rows("setl_d", count - bad, start=start)
        home.put_rows(name, good + rows("setl_d", bad, start=start + count, **cells))

    file("setl_d_a.csv", 199, 5, 1000, psn_pay="41")
    file("setl_d_b.csv", 199, 6, 2000, psn_pay="41")
    file("setl_d_c.csv", 200, 2, 3000, psn_pay="41")
    file("setl_d_d.csv", 200, 3, 4000, psn_pay="41")
    file("setl_d_e.csv", 200, 1, 5000, medfee_sumamt="9000")
    found = {file.source_file: file for file in home.run().files}
    status = {name[7]: file.status for name, file in found.items()}
    assert status == {"a": "loaded", "b": "refused", "c": "loaded", "d": "refused", "e": "refused"}
    assert "I3" in str(found["setl_d_d.csv"].reason) and "money" in str(found["setl_d_e.csv"].reason)
    assert home.value("select count(*) from raw.setl_d") == 194 + 198
    assert not list(home.settings.raw.rglob("*incoming*"))


def test_S2_a_rule_may_have_a_narrower_threshold_below_the_cap_of_the_file() -> None:
    contract = load_contracts()["setl_d"]
    narrow = replace(contract, thresholds=replace(contract.thresholds, rules={"length": 0.004}))

    def judged(rule: str, count: int) -> str:
        result = ScanResult(rows_read=1000, rejected=count, money=Decimal(1000))
        result.rules = [RuleCount(rule, "setl_id", "error", count, Decimal(0))]
        return str(decide.over_threshold(narrow, result) or "")

    assert judged("length", 4) == judged("required", 5) == ""
    assert "length" in judged("length", 5) and "0.40%" in judged("length", 5)
    assert "1%" in judged("required", 11)
    path = Path(contracts.__file__).with_name("setl_d.yml")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for rules in ({"no_such_rule": 0.001}, {"length": 0.5}, {"code_unknown": 0.001}):
        with pytest.raises(ValueError, match="threshold"):
            _contract(content | {"thresholds": {"rules": rules}})
    assert _contract(content | {"thresholds": {"rules": {"length": 0.001}}}).thresholds.rules == {"length": 0.001}


def test_S4_every_row_read_is_accepted_or_quarantined(home: Home) -> None:
    table = rows("setl_d", 10)
    table[2]["medfee_sumamt"] = "1,000"
    table[3]["setl_id"] = ""
    table[4]["fulamt_ownpay_amt"] = "5"
    table[5]["enddate"] = "2024-01-01"
    table[6] = table[7]
    home.put_rows("setl_d.csv", table)
    home.run()
    ((read, accepted, held, superseded, warned),) = home.query(
        "select rows_read, rows_accepted, rows_quarantined, rows_superseded, rows_warned from ops.load"
    )
    assert (read, accepted, held, superseded, warned) == (10, 7, 3, 1, 1)
    # What is no number is said once: I1 and I3, which add it up, cannot be asked of that row.
    assert home.rejected() == {3: ["number_form"], 4: ["required"], 5: ["I1"]}
    assert dict(home.query("select rule_id, unexpected from ops.rule_count where rule_id in ('R7', 'I2', 'required')")) == {
        "R7": 1, "I2": 0, "required": 1,
    }  # fmt: skip


def test_months_partition_settlements(home: Home) -> None:
    table = [row("setl_d", n, setl_time=f"2024-0{1 + n % 3}-20 08:00:00") for n in range(30)]
    home.put_rows("setl_d.csv", table)
    report = home.run()
    assert report.touched_months == [202401, 202402, 202403]
    assert home.query("select month, rows, raw_file from ops.load_month order by 1") == [
        (f"20240{m}", 10, f"raw/setl_d/20240{m}/1.parquet") for m in (1, 2, 3)
    ]
    assert home.value("select count(*) from raw.setl_d") == 30
    assert home.value("select count(distinct source_row) from raw.setl_d") == 30


def test_checks_count_rows_and_not_the_rules_that_they_break(home: Home) -> None:
    table = rows("setl_d", 30)
    table[0] |= {"medfee_sumamt": "150.00"}  # breaks I1 and I3
    table[1] |= {"setl_id": "", "begndate": "soon", "enddate": "x"}  # three broken cells
    table[2] |= {"med_type": "9977", "pay_loc": "8", "insutype": "777"}  # three unknown codes that hold the row
    table[3] |= {"med_type": "9977", "enddate": "x"}  # one of each
    table[4] |= {"hosp_lv": "77", "psn_type": "77", "gend": "7"}  # three codes classed as unknown
    for place in range(10, 20):  # two warnings a row, and a code
        table[place] |= {"begndate": "2024-02-01", "enddate": "2024-01-31", "setl_time": "2024-01-30 10:00:00"}
    table[10] |= {"hosp_lv": "77"}
    home.put_rows("setl_d.csv", table)
    home.run()
    assert home.query("select rows_read, rows_quarantined, rows_warned from ops.load") == [(30, 4, 11)]
    found = {
        result.check_name: (result.unexpected, result.total) for result in run_stage(home.settings, "landing", "run1")
    }
    assert {
        name: found[name] for name in ("row_rule_quarantined", "code_unknown", "code_outside_set", "row_rule_warned")
    } == {
        "row_rule_quarantined": (3, 30),
        "code_unknown": (2, 30),
        "code_outside_set": (2, 30),
        "row_rule_warned": (10, 30),
    }
