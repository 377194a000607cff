"""Increment = full rebuild where a corrected month reaches into months that are not due: each way of crossing is a case.

Belongs here: stays, chains of reversals and assistance that span months, with what must come out. Does not belong here: random
deliveries (`test_increment.py`), what a stay is (`tests/rulings`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dagster_project import stages
from tests.deliveries import times
from tests.rulings.world import PROVINCE, Area, Row, World
from tests.state import differences, tables
from tests.warehouse_api import query, settings_of, take_in

DELIVERIES = {"b1": "2026-01-10T00:00:00", "b2": "2026-01-30T00:00:00"}
CORRECTED = "2026-01-05 00:00:00"
DEFINITIONS = """
name: {zh: 样例省, en: Case province}
definitions:
  stay_merge: [{from: 2000, value: per_mdtrt}, {from: 2025, value: gap_merge_2}]
"""
# The mirror of `reversed_later`, which came with the second delivery, and what it reverses.
LINKS = """
    with pair as (
        select * from core.settlement_link
        where settlement_month = 202401 or original_load_id in (select load_id from ops.load_month where month = '202401')
    )
    select settlement_month, reversal_class from pair order by all
"""
Stays = list[tuple[int, str, int, int]]  # month of discharge, begin, number of settlements, yuan


def settle(area: Area, day: str, begin: str, fee: int, **cells: Any) -> Row:
    """An inpatient settlement of the day on which it ends, in the first delivery unless said otherwise."""
    when = datetime.fromisoformat(f"{day}T10:00:00")
    return area.settle(when=when, begndate=begin, fee=fee, med_type="21", **cells)


def correct(area: Area, row: Row, **cells: Any) -> Row:
    """The same settlement once more, with other cells."""
    return area.add("setl_d", batch="b2", **(row | {"updt_time": CORRECTED} | cells))


def withdraw(area: Area, row: Row) -> Row:
    """A settlement that turns out not to be valid."""
    return correct(area, row, vali_flag="0")


def interim_corrected(area: Area) -> Stays:
    """The corrected month has the interim settlement, the next one the discharge."""
    row = settle(area, "2024-06-30", "2024-06-20", 100, mid_setl_flag="1", mdtrt_id="MA")
    settle(area, "2024-07-10", "2024-07-01", 50, mdtrt_id="MA")
    correct(area, times(row, 2))
    return [(202407, "2024-06-20", 2, 250)]


def discharge_corrected(area: Area) -> Stays:
    """The corrected month has the discharge, the one before the interim settlement."""
    settle(area, "2024-05-31", "2024-05-20", 100, mid_setl_flag="1", mdtrt_id="MB")
    correct(area, times(settle(area, "2024-06-10", "2024-06-01", 50, mdtrt_id="MB"), 2))
    return [(202406, "2024-05-20", 2, 200)]


def discharge_withdrawn(area: Area) -> Stays:
    """Only a supplementary settlement of a later month is left, which discharges nobody."""
    withdraw(area, settle(area, "2024-06-10", "2024-06-01", 50, mdtrt_id="MC"))
    settle(area, "2024-08-10", "2024-06-01", 5, setl_type="3", mdtrt_id="MC")
    return []


def discharge_falls_back(area: Area) -> Stays:
    """The later of two discharges is withdrawn: labels and month are those of the earlier one."""
    settle(area, "2024-05-20", "2024-05-11", 70, mdtrt_id="MD")
    withdraw(area, settle(area, "2024-06-10", "2024-05-11", 30, mdtrt_id="MD"))
    return [(202405, "2024-05-11", 1, 70)]


def discharged_at_last(area: Area) -> Stays:
    """Somebody still in bed in an earlier month is discharged by a late row."""
    settle(area, "2024-05-31", "2024-05-20", 100, mid_setl_flag="1", mdtrt_id="ME")
    settle(area, "2024-06-05", "2024-06-01", 10, mdtrt_id="ME", batch="b2")
    return [(202406, "2024-05-20", 2, 110)]


def begins_earlier(area: Area) -> Stays:
    """A late interim row gives the stay of a later month another beginning."""
    settle(area, "2024-07-05", "2024-06-30", 10, mdtrt_id="MF")
    settle(area, "2024-06-29", "2024-06-01", 90, mid_setl_flag="1", mdtrt_id="MF", batch="b2")
    return [(202407, "2024-06-01", 2, 100)]


def reversed_later(area: Area) -> Stays:
    """A mirror in the corrected month takes away a stay of another, which becomes due by the link."""
    row = settle(area, "2024-01-20", "2024-01-11", 70)
    area.mirror(row, batch="b2", when=datetime(2024, 6, 12, 8))
    return []


def restored(area: Area) -> Stays:
    """The mirror in the corrected month is withdrawn, and the stay of another month is back."""
    row = settle(area, "2024-02-20", "2024-02-11", 70)
    withdraw(area, area.mirror(row, when=datetime(2024, 6, 12, 8)))
    return [(202402, "2024-02-11", 1, 70)]


def reversed_and_restored_at_once(area: Area) -> Stays:
    """A mirror and its own mirror come together: the original goes on standing, and a chain concerns it from now on."""
    row = settle(area, "2024-04-20", "2024-04-11", 70)
    mirror = area.mirror(row, batch="b2", when=datetime(2024, 6, 12, 8))
    area.mirror(mirror, batch="b2", when=datetime(2024, 6, 13, 8))
    return [(202404, "2024-04-11", 1, 70)]


def chain_names_another(area: Area) -> Stays:
    """A chain turns to another original: both go on standing, the first is no longer concerned."""
    first, second = (settle(area, "2024-03-20", f"2024-03-{day}", 70) for day in (11, 12))
    mirror = area.mirror(first, when=datetime(2024, 6, 12, 8))
    area.mirror(mirror, when=datetime(2024, 6, 13, 8))
    correct(area, mirror, init_setl_id=second["setl_id"])
    return [(202403, "2024-03-11", 1, 70), (202403, "2024-03-12", 1, 70)]


def gap_opens(area: Area) -> Stays:
    """Two stays of one person that were one: the first turns out to have ended earlier."""
    row = settle(area, "2025-01-20", "2025-01-11", 70, psn_no="990000P900001")
    settle(area, "2025-02-03", "2025-01-22", 30, psn_no="990000P900001")
    correct(area, row, enddate="2025-01-18")
    return [(202501, "2025-01-11", 1, 70), (202502, "2025-01-22", 1, 30)]


def gap_closes(area: Area) -> Stays:
    """Two stays of one person become one by a late stay between them."""
    settle(area, "2025-01-26", "2025-01-11", 70, psn_no="990000P900002")
    settle(area, "2025-02-12", "2025-02-02", 30, psn_no="990000P900002")
    settle(area, "2025-01-31", "2025-01-28", 5, psn_no="990000P900002", batch="b2")
    return [(202502, "2025-01-11", 3, 105)]


def another_choice_at_new_year(area: Area) -> Stays:
    """Each settlement merges by the choice of its own year: the interim one of December stays apart."""
    settle(area, "2024-12-31", "2024-12-20", 100, mid_setl_flag="1", mdtrt_id="MN")
    correct(area, times(settle(area, "2025-01-10", "2025-01-01", 50, mdtrt_id="MN"), 2))
    return [(202501, "2025-01-01", 1, 100)]


CASES: list[Callable[[Area], Stays]] = [
    interim_corrected, discharge_corrected, discharge_withdrawn, discharge_falls_back, discharged_at_last, begins_earlier,
    reversed_later, restored, reversed_and_restored_at_once, chain_names_another,
    gap_opens, gap_closes, another_choice_at_new_year,
]  # fmt: skip


def assistance(world: World) -> None:
    """Encounters with assistance in the corrected month and the next: which payment is the first changes."""
    for name, gone in (("first payment withdrawn", True), ("earlier payment comes late", False)):
        area = world.area(name)
        june = {"when": datetime(2024, 6, 5, 10), "aid": 10, "mdtrt_id": f"MH{gone}"}
        row = area.settle(**june, batch="b1" if gone else "b2")
        if gone:
            withdraw(area, row)
        area.settle(when=datetime(2024, 7, 5, 10), aid=20, mdtrt_id=f"MH{gone}")


def build(home: Path, full_refresh: bool = False) -> None:
    """Core and cubes."""
    settings = settings_of(home)
    stages.load_definitions(settings)
    for select in ("tag:core", "tag:cube"):
        stages.require_whole(stages.build_models(settings, select, full_refresh))


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Stays]]:
    """A home after the second delivery, built by increment, and the stays that each prefecture must have."""
    home = tmp_path_factory.mktemp("crossing") / "home"
    (home / "provinces").mkdir(parents=True)
    (home / "provinces" / f"{PROVINCE}.yml").write_text(DEFINITIONS, encoding="utf-8")
    world = World()
    expected = {world.area(case.__name__).county: case(world.area(case.__name__)) for case in CASES}
    assistance(world)
    world.area("others").insure(years=[2024])
    world.regions()
    world.write(home / "aside", DELIVERIES)
    (home / "landing").mkdir()
    for batch in DELIVERIES:
        (home / "aside" / batch).rename(home / "landing" / batch)
        take_in(home)
        if batch == "b2":
            # A month is rebuilt by itself before the run: links must tell of all that has landed, or its facts would not.
            with stages.only_months_touched(settings_of(home), [202401]):
                stages.require_whole(stages.build_models(settings_of(home), "settlement_link"))
            assert query(home / "warehouse.duckdb", LINKS) == [(202401, "reversed"), (202406, "reversing")]
        build(home)
        stages.mark_cubes_built(settings_of(home))
    return home, expected


def test_stays_that_cross_months_come_out_right(corrected: tuple[Path, dict[str, Stays]]) -> None:
    home, expected = corrected
    found: dict[str, Stays] = {county: [] for county in expected}
    for county, *stay in query(
        home / "warehouse.duckdb",
        "select insured_region, discharge_month, begin_date::varchar, settlement_count, total_fee_yuan from core.fct_stay order by all",
    ):
        found[county].append((stay[0], stay[1], stay[2], int(Decimal(stay[3]))))
    assert found == expected


def test_only_months_with_a_reason_of_their_own_were_due(corrected: tuple[Path, dict[str, Stays]]) -> None:
    due = query(corrected[0] / "warehouse.duckdb", "select * from core.settlement_rebuild order by all")
    links = [(month, "link") for month in (202401, 202402, 202403, 202404)]
    assert [row for row in due if row[1] == "touched"] == [(202406, "touched"), (202501, "touched")]
    assert [row for row in due if row[1] != "touched" and row[0] not in (202406, 202501)] == links


def test_the_first_payment_of_assistance_may_move_to_another_month(corrected: tuple[Path, dict[str, Stays]]) -> None:
    found = query(
        corrected[0] / "warehouse.duckdb",
        "select encounter_id like '%True', settlement_month, is_first_payment from core.fct_assistance order by all",
    )
    assert found == [(False, 202406, True), (False, 202407, False), (True, 202407, True)]


def test_the_increment_is_the_full_rebuild(corrected: tuple[Path, dict[str, Stays]]) -> None:
    home, _ = corrected
    told = tables(home / "warehouse.duckdb")
    assert len(told["core.reversal_amount"].splitlines()) > len(CASES) / 2
    build(home, full_refresh=True)
    assert differences(told, tables(home / "warehouse.duckdb")) == []
