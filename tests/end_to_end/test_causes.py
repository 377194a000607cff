"""How much each cause moved the numbers of two vintages: a small province in which every row that came between is known.

Belongs here: the parts of changes, worked out by hand, and what must hold of all of them. Does not belong here: which rows are of
which cause (`tests/unit/test_between_vintages.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import polars as pl
import pytest

from dagster_project import run_lock
from dagster_project.bulletin import freeze, make_publication
from dagster_project.causes import split
from dagster_project.desk.targets import find_target
from dagster_project.desk.unloading import unload
from dagster_project.errors import ExitCode, UserError
from dagster_project.explain.vintages import FROZEN_FILE, KEY, Difference, compare
from dagster_project.explain.waterfall import (
    CAUSES,
    CORRECTED,
    DEFINITIONS,
    LATE,
    MEASURES,
    OLD,
    REVERSALS,
    TAKEN_OUT,
    Waterfall,
)
from dagster_project.settings import Settings
from dagster_project.verbs import differing
from dagster_project.warehouse import connect
from tests.fault.test_publication_faults import small_documents
from tests.rulings.landed import _common
from tests.rulings.world import PROVINCE, Row, World
from tests.warehouse_api import build_home, query, settings_of, sorted_csv

YEAR = 2025
FEW = "980200"
STAYS = 20
NEWER = "2026-02-05 00:00:00"
pytestmark = pytest.mark.long


@dataclass
class Home:
    """The home after everything, both vintages frozen, what differs, and its parts."""

    settings: Settings
    difference: Difference
    waterfall: Waterfall
    before: str

    def parts(self, indicator: str, region: str = PROVINCE) -> dict[str, float]:
        """What each cause moved in the whole of the year of an indicator, causes that moved nothing left out."""
        (found,) = [
            row
            for change, row in self.rows()
            if (change["indicator_id"], change["region_code"]) == (indicator, region)
            and (change["year"], change["period_kind"]) == (YEAR, "year")
            and all(change[name] in (None, "total", "employee") for name in KEY[4:-1] if name != "visit_type")
        ]
        assert found["note"] == ""
        return {name: float(found[f"value_{name}"]) for name in CAUSES.values() if found[f"value_{name}"]}

    def rows(self) -> list[tuple[dict[str, Any], Any]]:
        """Each change with its parts."""
        return list(zip(self.difference.changes.to_dicts(), self.waterfall.rows, strict=True))


def write(home: Path, world: World, batch: str, moment: str) -> None:
    """One delivery of what the world holds for it."""
    everything, world.rows = world.rows, {key: rows for key, rows in world.rows.items() if key[0] == batch}
    world.write(home / "landing", {batch: moment})
    world.rows = everything


def declare(home: Path, measure: str) -> None:
    """The province's own choice of when a reversal counts."""
    (home / "provinces").mkdir(parents=True, exist_ok=True)
    text = f"name: {{zh: 样例省, en: Case province}}\ndefinitions:\n  reversal_measure: {measure}\n"
    (home / "provinces" / f"{PROVINCE}.yml").write_text(text, encoding="utf-8")


def again(world: World, row: Row, case: str, **cells: Any) -> None:
    """A row once more, newer and otherwise."""
    world.add("setl_d", row | {"updt_time": NEWER} | cells, case, "b2")


def publish(settings: Settings, kind: str) -> None:
    make_publication(settings, YEAR, run_id="test")
    freeze(settings, YEAR, kind)


def make(home: Path, key: Path) -> Settings:
    """Two deliveries with a file taken out between them, and another choice: see the test for what follows from each."""
    world, settings = World(), settings_of(home, key)
    area, few = world.area("many"), world.area("few")
    march = datetime(YEAR, 3, 5, 10)
    visits = [area.settle(when=march) for _ in range(20)]
    wrong = [world.settle(area, {"when": march}) for _ in range(3)]
    stays = [area.settle(when=march, med_type="21") for _ in range(STAYS)]
    for _ in range(3):
        few.settle(when=march)
    # The wrong rows come in a file of their own.
    rows = world.rows["b1", "setl_d", "many"]
    world.rows["b1", "setl_d", "wrong"] = [row for row in rows if row in wrong]
    world.rows["b1", "setl_d", "many"] = [row for row in rows if row not in wrong]
    _common(world)
    declare(home, "ledger")
    write(home, world, "b1", "2026-01-10T00:00:00")
    build_home(home, key)
    publish(settings, "quick_report")

    with connect(settings) as connection:
        unload(connection, settings, find_target(connection, settings, "b1/setl_d_wrong.csv"), "test", "wrong", "u1")
    (home / "landing" / "b1" / "setl_d_wrong.csv").unlink()
    for _ in range(5):
        area.settle(batch="b2", fee=200, fund=100, when=datetime(YEAR, 7, 1))
        area.settle(batch="b2", fee=200, fund=160, when=datetime(YEAR, 7, 1), med_type="21")
    for _ in range(12):
        few.settle(batch="b2", when=datetime(YEAR, 7, 1))
    money = {"medfee_sumamt": 300, "inscp_amt": 280, "hi_agre_sumfee": 300, "psn_pay": 240, "cash_payamt": 240}
    again(world, visits[0], "many", **money)
    again(world, visits[1], "many", vali_flag="0")
    money |= {"medfee_sumamt": 600, "inscp_amt": 580, "hi_agre_sumfee": 600, "hifp_pay": 560, "fund_pay_sumamt": 560}
    again(world, stays[0], "many", **money | {"psn_pay": 40, "cash_payamt": 40})
    area.mirror(visits[2], batch="b2", when=datetime(YEAR, 4, 2))
    area.mirror(visits[3], batch="b2", when=datetime(YEAR + 1, 1, 2))
    late = {key: rows for key, rows in world.rows.items() if key[0] == "b2"}
    known = {row["mdtrt_id"] for (batch, table, _), rows in world.rows.items() if table == "mdtrt_d" for row in rows}
    world.rows |= late
    copied = ["mdtrt_id", "psn_no", "insu_admdvs", "fixmedins_code", "med_type", "vali_flag", "updt_time", "insutype"]
    for row in [row for rows in late.values() for row in rows if row["mdtrt_id"] not in known]:
        encounter = {name: row[name] for name in copied} | {"begntime": row["begndate"], "endtime": row["enddate"]}
        world.add("mdtrt_d", encounter, "all", "b2")
    declare(home, "as_known")
    write(home, world, "b2", "2026-02-10T00:00:00")
    build_home(home, key)
    publish(settings, "bulletin")
    return settings


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("causes")
    with pytest.MonkeyPatch.context() as patch:
        small_documents(patch)
        settings = make(folder / "home", folder / "causes.key")
        before = sorted_csv(settings.warehouse)
        difference = compare(settings, YEAR, "quick_report", "bulletin")
        yield Home(settings, difference, split(settings, difference), before)


def test_L85_each_cause_moves_what_its_rows_hold(home: Home) -> None:
    assert home.waterfall.reason is None
    assert home.waterfall.steps == (OLD, TAKEN_OUT, LATE, CORRECTED, REVERSALS, DEFINITIONS)
    # Of one area: three visits of the file taken out, five late ones, one that is not valid, one taken back in April; one taken back
    # in January after the year, which counts for the year only as known now. Twelve late ones of the other area.
    visits = {"taken_out": -3, "late": 17, "corrected": -1, "reversal": -1, "definitions": -1}
    scaled = {name: by / 1e8 for name, by in visits.items()}
    assert home.parts("employee_outpatient_visits") == pytest.approx(scaled)
    expense = {
        "taken_out": -300,
        "late": 5 * 200 + 12 * 100,
        "corrected": 200 - 100,
        "reversal": -100,
        "definitions": -100,
    }
    assert home.parts("employee_outpatient_expense") == pytest.approx({name: by / 1e8 for name, by in expense.items()})


def test_parts_of_a_ratio_are_of_its_quotient(home: Home) -> None:
    # 20 stays of 100 yuan; five late ones of 200; one of 600 instead of 100.
    assert home.parts("employee_avg_inpatient_cost") == pytest.approx({"late": 3000 / 25 - 100, "corrected": 500 / 25})
    paid = {"late": 100 * (2000 / 3000 - 0.6), "corrected": 100 * (2500 / 3500 - 2000 / 3000)}
    assert home.parts("employee_actual_pay_ratio") == pytest.approx(paid)


def test_parts_add_up_for_every_changed_number(home: Home) -> None:
    split_numbers = 0
    for change, parts in home.rows():
        if parts["note"]:
            assert None in (change["value"], change["value_new"]), change
            continue
        split_numbers += 1
        for measure in MEASURES:
            before, after = change[measure], change[f"{measure}_new"]
            found = [parts[f"{measure}_{name}"] for name in CAUSES.values()]
            if before is None:
                assert after is None and found == [None] * len(found)
                continue
            assert sum(found) == parts[f"{measure}_change"]
            assert float(parts[f"{measure}_change"]) == pytest.approx(float(after) - float(before), rel=1e-9, abs=1e-15)
    assert split_numbers == home.difference.changes.drop_nulls(["value", "value_new"]).height > 50


def test_what_a_vintage_withholds_is_not_split(home: Home) -> None:
    # Three visits of the second area were withheld when the first vintage was frozen; fifteen are not.
    (found,) = [
        parts
        for change, parts in home.rows()
        if (change["indicator_id"], change["region_code"]) == ("institution_visits_total", FEW)
    ]
    assert found["note"] == "withheld"
    assert {found[f"{measure}_{name}"] for measure in MEASURES for name in ("change", *CAUSES.values())} == {None}


def test_the_home_stays_as_it_was(home: Home) -> None:
    assert sorted_csv(home.settings.warehouse) == home.before
    assert not list((home.settings.home / "tmp").glob("intake-*"))
    assert query(home.settings.warehouse, "select count(*) from ops.touched_month") == [(0,)]


def test_without_room_for_the_copy_nothing_begins(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(total=10**12, used=0, free=1_000_000))
    with pytest.raises(UserError, match="disk is too small") as refused:
        split(home.settings, home.difference)
    assert refused.value.code == ExitCode.BROKEN_INSTALLATION
    assert not list((home.settings.home / "tmp").glob("*causes*"))


def test_a_split_that_is_stopped_leaves_the_home_as_it_was(home: Home) -> None:
    seen: list[int] = []

    def stop(step: int, place: int, of: int) -> None:
        (scratch,) = (home.settings.home / "tmp").glob("intake-causes-*")
        assert scratch.is_dir() and run_lock.is_busy(home.settings)
        seen.append(step)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        split(home.settings, home.difference, stop)
    assert seen == [OLD] and not run_lock.is_busy(home.settings)
    test_the_home_stays_as_it_was(home)


def test_the_command_prints_a_column_a_cause_and_writes_all(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dagster_project.causes.split", lambda *_: home.waterfall)
    names = (home.difference.old.name, home.difference.new.name)
    chinese = replace(home.settings, language="zh")
    for to in (tmp_path / "all.csv", tmp_path / "all.xlsx"):
        assert differing.diff(chinese, YEAR, *names, to, causes=True) == ExitCode.DONE
    said = capsys.readouterr().out
    found = [line.split() for line in said.splitlines() if "普通门急诊人次 · 样例省 · 2025 年:" in line]
    assert [line[:6] for line in found] == [["+11", "-3", "+17", "-1", "-1", "-1"]] * 2
    assert "依次计入 撤出 → 迟到数据 → 更正 → 冲销 → 口径变更" in said and "加 --causes" not in said
    written = pl.read_csv(tmp_path / "all.csv", infer_schema=False)
    assert written.height == home.difference.changes.height
    assert {f"value_{name}" for name in ("change", *CAUSES.values())} <= set(written.columns)
    sheet = openpyxl.load_workbook(tmp_path / "all.xlsx")["变动 changes"]
    assert sheet.max_row == written.height + 1
    heads = [cell.value for cell in sheet[1]]
    assert "值：迟到数据 value: late" in heads and "说明 note" in heads


def test_where_a_vintage_cannot_be_computed_again_nothing_is_split(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """A number that no file and no definition accounts for, as a program of another version may have left it."""
    old, new = (home.settings.publication / str(YEAR) / one.name for one in (home.difference.old, home.difference.new))
    other = old.with_name("2026-03-02_monthly")
    other.mkdir()
    shutil.copyfile(old / "release.json", other / "release.json")
    frame = pl.read_parquet(old / FROZEN_FILE)
    wrong = (pl.col("indicator_id") == "employee_avg_inpatient_cost") & (pl.col("region_code") == PROVINCE)
    frame.with_columns(value=pl.when(wrong).then(99.0).otherwise(pl.col("value"))).write_parquet(other / FROZEN_FILE)
    try:
        done = differing.diff(home.settings, YEAR, other.name, new.name, None, causes=True)
    finally:
        shutil.rmtree(other)
    said = capsys.readouterr().out
    assert done == ExitCode.PARTLY
    assert "Cannot split by cause" in said and "such as employee_avg_inpatient_cost 980000 2025" in said
    assert "late 44, reversals 2, corrected 3, taken out 3" in said
