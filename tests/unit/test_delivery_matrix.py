"""The delivery matrix: counted on intake, older versions left out, and what is missing, halved or doubled in it (L32)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from fractions import Fraction
from math import comb
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.checks import deliveries as judging
from dagster_project.checks.catalogue import catalogue
from dagster_project.checks.deliveries import CHANCE
from dagster_project.checks.stages import filled
from dagster_project.errors import ExitCode, UserError
from dagster_project.ingest import areas, prepare_warehouse
from dagster_project.verbs import deliveries, desk
from dagster_project.warehouse import connect
from tests.fail_points import SIDES, kill_at
from tests.intake_world import Home, row, rows

DRIVES_COUNTING = ("ingest.count_superseded",)
CITY, OTHER, FAR = "520102", "520103", "520201"
Found = set[tuple[str, str, str, str]]


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse with the tables of intake and nothing in them."""
    with connect(Home(tmp_path / "home").settings) as connection:
        prepare_warehouse(connection)
        yield connection


def deliver(
    connection: duckdb.DuckDBPyConnection,
    counts: dict[tuple[str, str], int | tuple[int, int]],
    extract: str = "setl_d",
    at: str = "2025-06-05",
    how: str = "increment",
) -> None:
    """A load with rows (and money, by default 100 a row) by month and area."""
    ((load_id,),) = connection.execute("select coalesce(max(load_id), 0) + 1 from ops.load").fetchall()
    connection.execute(
        "insert into ops.load by name select $1 as load_id, $2 as extract, $3::timestamp as delivered_at, $4 as delivery",
        [load_id, extract, at, how],
    )
    for (month, region), count in counts.items():
        number, money = count if isinstance(count, tuple) else (count, 100 * count)
        connection.execute(
            "insert into ops.load_region values (?, ?, ?, ?, ?, ?)", [load_id, extract, month, region, number, money]
        )


def findings(connection: duckdb.DuckDBPyConnection) -> Found:
    """Month, level, area and word of what the two checks list."""
    areas.refresh(connection)
    found: Found = set()
    for check in judging.checks():
        rule = catalogue()[check.rule]
        query = filled(check.bad, rule).replace("{batch}", rule.table)
        found |= {
            tuple(r) for r in connection.execute(f"select month, level, region_code, finding from ({query})").fetchall()
        }  # type: ignore[misc]
    return found


def steady(**changed: Any) -> dict[tuple[str, str], Any]:
    """Three counties of two prefectures through three months, with changes like m3_520102=40."""
    made: dict[tuple[str, str], Any] = {(f"20250{n}", area): 1000 for n in (1, 2, 3) for area in (CITY, OTHER, FAR)}
    for name, count in changed.items():
        month, area = name.split("_")
        made[f"20250{month[1:]}", area] = count
    return made


CASES: list[tuple[dict[str, Any], Found]] = [
    ({}, set()),
    ({"m2_520102": 500, "m3_520102": 1000}, set()),
    ({"m2_520102": 499, "m3_520102": 900}, {("202502", "county", CITY, "halved")}),
    ({"m3_520102": 2001}, {("202503", "county", CITY, "doubled")}),
    ({"m3_520102": 0}, {("202503", "county", CITY, "missing")}),
    ({"m3_520201": 0}, {("202503", "prefecture", "520200", "missing")}),
    ({"m3_520102": 0, "m3_520103": 0, "m3_520201": 0, "m3_": 1},
     {("202503", "province", "520000", "missing")}),
    ({"m3_520102": (1000, 49_000)}, set()),
    ({"m2_520102": 2000, "m1_520102": 2000, "m3_520102": (2000, 99_000)}, {("202503", "county", CITY, "money_halved")}),
    ({"m2_520102": 2000, "m1_520102": 2000, "m3_520102": (2000, 10_000_000), "m3_520103": 1000},
     {("202503", "county", CITY, "money_doubled"), ("202503", "prefecture", "520100", "money_doubled"),
      ("202503", "province", "520000", "money_doubled")}),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "expected"), CASES)
def test_L32_an_area_is_missing_halved_or_doubled(
    warehouse: duckdb.DuckDBPyConnection, changed: dict[str, Any], expected: Found
) -> None:
    deliver(warehouse, steady(**changed))
    found = findings(warehouse)
    if ("202503", "province", "520000", "money_doubled") in expected:
        assert found == {("202503", "province", "520000", "money_doubled")}, "the wider area stands for those within it"
    else:
        assert found == expected


def test_L32_a_small_area_a_first_month_and_the_running_month_say_nothing(warehouse: duckdb.DuckDBPyConnection) -> None:
    deliver(
        warehouse,
        {("202501", "520122"): 19, ("202501", CITY): 1000, ("202502", CITY): 1000, ("202503", "520122"): 9000},
    )
    assert findings(warehouse) == {("202503", "county", CITY, "missing"), ("202503", "province", "520000", "doubled")}


def binomial_tail(now: int, before: int) -> Fraction:
    """Chance that of `now + before` rows, each as likely now as before, so few are now."""
    both = now + before
    return Fraction(sum(comb(both, few) for few in range(now + 1)), 2**both)


@pytest.mark.parametrize("before", [1, 7, 19, 20, 35, 50, 94])
def test_L32_a_small_area_is_missing_or_halved_where_that_is_no_chance(
    warehouse: duckdb.DuckDBPyConnection, before: int
) -> None:
    """Area by area another number now: by exact arithmetic what is listed is beyond chance, and what is so is listed but at the edge."""
    small = {f"52{place + 4:02d}" for place in range(before + 1)}
    counts = {("202501", CITY): 3000, ("202502", CITY): 3000} | {("202501", f"{area}01"): before for area in small}
    deliver(warehouse, counts | {("202502", f"{area}01"): place for place, area in enumerate(sorted(small)) if place})
    listed = {area[:4]: word for _, _, area, word in findings(warehouse)}
    for now, area in enumerate(sorted(small)):
        chance = binomial_tail(now, before)
        if area in listed:
            assert chance <= CHANCE and 2 * now < before and listed[area] == ("missing" if now == 0 else "halved")
        else:
            assert chance > CHANCE / 40 or 2 * now >= before, (before, now, float(chance))
    assert bool(listed) == (before >= 20)


def test_L32_a_small_area_that_is_always_low_in_a_month_is_no_finding(warehouse: duckdb.DuckDBPyConnection) -> None:
    small = {("202401", FAR): 60, ("202402", FAR): 4, ("202501", FAR): 60, ("202502", FAR): 5}
    deliver(warehouse, {(f"{year}0{month}", CITY): 1000 for year in (2024, 2025) for month in (1, 2)} | small)
    assert findings(warehouse) == {("202402", "prefecture", "520200", "halved")}, (
        "only where nothing tells of last year"
    )


def test_L32_the_running_month_is_not_judged(warehouse: duckdb.DuckDBPyConnection) -> None:
    deliver(warehouse, steady(m3_520102=10), at="2025-03-11")
    assert findings(warehouse) == set()
    deliver(warehouse, {("202504", CITY): 1}, at="2025-04-01")
    assert findings(warehouse) == {("202503", "county", CITY, "halved")}, "the first delivery after it says it is whole"


def test_L32_a_month_that_is_always_low_is_no_finding(warehouse: duckdb.DuckDBPyConnection) -> None:
    deliver(warehouse, {("202401", CITY): 1000, ("202402", CITY): 400, ("202501", CITY): 1000, ("202502", CITY): 420})
    assert findings(warehouse) == {("202402", "province", "520000", "halved")}, "only where nothing tells of last year"


def test_L32_a_month_that_only_strays_into_a_delivery_is_no_measure(warehouse: duckdb.DuckDBPyConnection) -> None:
    deliver(warehouse, {("202412", area): 150 for area in (CITY, OTHER, FAR)} | steady())
    assert findings(warehouse) == set()


def test_L32_full_deliveries_are_compared_by_month_of_delivery_and_seasonal_ones_not(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    for extract, how in (("psn_insu_d", "full"), ("rsdt_psn_clct_detl_d", "increment")):
        for at, count in (("2025-01-10", 1000), ("2025-02-10", 1000), ("2025-02-11", 1000), ("2025-03-10", 300)):
            deliver(warehouse, {("all", CITY): count, ("all", FAR): 1000}, extract=extract, at=at, how=how)
    assert findings(warehouse) == {("202503", "prefecture", "520100", "halved")}, "of two in one month the newer counts"
    told = warehouse.execute(
        "select extract, is_comparable, rows, rows_before from ops.delivery where region = '520102' and month = '202502' order by 1"
    ).fetchall()
    assert told == [("psn_insu_d", True, 1000, 1000), ("rsdt_psn_clct_detl_d", False, 2000, 1000)]


def areas_of(home: Home) -> list[tuple[Any, ...]]:
    return home.query("select month, region, rows, money from ops.delivery where level = 'county' order by 1, 2")


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("step", DRIVES_COUNTING)
def test_L32_a_month_delivered_twice_is_not_doubled(tmp_path: Path, step: str, side: str) -> None:
    home = Home(tmp_path / "home")
    february = {"setl_time": "2024-02-20 10:00:00", "enddate": "2024-02-20"}
    table = [
        *rows("setl_d", 4),
        row("setl_d", 5, insu_admdvs=FAR),
        row("setl_d", 6, **february),
        row("setl_d", 7, psn_pay="1"),
    ]
    home.put_rows("setl_d_1.csv", table)
    home.run()
    once = areas_of(home)
    assert once == [("202401", CITY, 4, 400), ("202401", FAR, 1, 100), ("202402", CITY, 1, 100), ("202402", FAR, 0, 0)]
    again = [line | {"updt_time": "2024-03-05 11:00:00"} for line in table]
    home.put_rows("setl_d_2.csv", again)
    kill_at(step, side, home.run)
    home.run()
    assert areas_of(home) == once
    with connect(home.settings) as connection:
        assert areas.count_superseded(connection) == [], "nothing is counted twice"
        connection.execute("delete from ops.superseded where source_row = 5")  # as when the newer row is taken out
        assert areas.count_superseded(connection) == [1]
        areas.refresh(connection)
    assert ("202401", FAR, 2, 200) in areas_of(home)


def test_L31_the_matrix_is_that_of_now_after_a_file_was_taken_out_and_back(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.put_rows("setl_d_1.csv", rows("setl_d", 3))
    home.put_rows(
        "setl_d_2.csv", [row("setl_d", 1, updt_time="2024-03-05 11:00:00"), *rows("setl_d", 2, 8, insu_admdvs=FAR)]
    )
    home.run()

    def shown() -> list[list[str]]:
        deliveries.deliveries(home.settings, None, None, tmp_path / "m.csv")
        with (tmp_path / "m.csv").open(encoding="utf-8-sig") as stream:
            return [
                [line["region"], line["rows"], line["money"]]
                for line in csv.DictReader(stream)
                if line["level"] == "county"
            ]

    both = [[CITY, "3", "300.00"], [FAR, "2", "200.00"]]
    assert shown() == both
    desk.unload(home.settings, "setl_d_2.csv", "发错了", "王敏", back=False, build=False)
    assert shown() == [[CITY, "3", "300.00"]], "its rows are out, the row that it had replaced counts again"
    desk.unload(home.settings, "setl_d_2.csv", "没有错", "王敏", back=True, build=False)
    assert shown() == both


def test_the_deliveries_verb_prints_and_writes_the_matrix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Home(tmp_path / "home")
    with connect(home.settings) as connection:
        prepare_warehouse(connection)
        deliver(connection, steady(m3_520102=0))
    assert deliveries.deliveries(home.settings, None, None, None) == ExitCode.DONE
    said = capsys.readouterr().out
    assert "202503  2,000 行" in said and "-33.3%" in said
    assert "520102 南明区 缺失：0（上月 1,000，上年同月 –）" in said
    with connect(home.settings) as connection:
        connection.execute("insert into ops.meta values ('province', '520000')")
        country = {("all", f"{code}0102"): 50 for code in (11, 31, 52)}
        deliver(connection, country, extract="admdvs_dim_a", at="2025-03-31", how="full")
    deliveries.deliveries(home.settings, None, None, None)
    said = capsys.readouterr().out
    assert said.startswith("setl_d") and "北京市" not in said and "--extract admdvs_dim_a" in said
    assert said.index("setl_d") < said.index("admdvs_dim_a  贵州省")
    deliveries.deliveries(home.settings, "admdvs_dim_a", None, None)
    assert "北京市" in capsys.readouterr().out
    deliveries.deliveries(home.settings, "setl_d", "202502", None)
    said = capsys.readouterr().out
    assert "520201" in said and "没有缺失" in said
    deliveries.deliveries(home.settings, None, None, tmp_path / "m.csv")
    with (tmp_path / "m.csv").open(encoding="utf-8-sig") as stream:
        lines = [line for line in csv.DictReader(stream) if line["extract"] == "setl_d"]
    assert len(lines) == 18, "three months of one province, two prefectures, three counties"
    with pytest.raises(UserError) as refused:
        deliveries.deliveries(home.settings, "nothing", None, None)
    assert refused.value.code == ExitCode.BAD_INPUT
