"""Which two vintages of a year are compared, and how the difference is told."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dagster_project.errors import UserError
from dagster_project.explain.differences import render
from dagster_project.explain.vintages import FROZEN_FILE, KEY, Difference, Vintage, compare, vintages_of
from dagster_project.settings import Settings

YEAR = 2025
DRAFT = "2026-03-01_draft"


def rows(persons: float, visits: float, vintage: str = DRAFT) -> pl.DataFrame:
    """Two figures of one vintage: insured persons of the year and visits of a month."""
    same = dict.fromkeys(KEY, "total") | {"year": YEAR, "region_code": "520100"}
    figures = [
        same | {"indicator_id": "insured_total", "month": None, "period_kind": "year", "value": persons},
        same | {"indicator_id": "employee_benefit_visits", "month": 202506, "period_kind": "month", "value": visits},
    ]
    more = {"numerator": None, "denominator": None, "status": "provisional", "definition_id": "d", "vintage": vintage}
    kinds = {
        "month": pl.Int32,
        "year": pl.Int32,
        "value": pl.Float64,
        "numerator": pl.Float64,
        "denominator": pl.Float64,
    }
    return pl.DataFrame([figure | more for figure in figures], schema_overrides=kinds)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with three frozen vintages, two of one day, and a draft."""
    settings = Settings(home=tmp_path, threads=1)
    folder = settings.publication / str(YEAR)
    for name, frozen_at, persons in (
        ("2026-02-01_monthly", "2026-02-02T08:00:00Z", 1.0),
        ("2026-03-01_yearbook", "2026-03-02T08:00:00Z", 2.0),
        ("2026-03-01_bulletin", "2026-03-09T08:00:00Z", 3.0),
    ):
        (folder / name).mkdir(parents=True)
        rows(persons, 10.0, name).write_parquet(folder / name / FROZEN_FILE)
        (folder / name / "release.json").write_text(
            json.dumps({"frozen": True, "frozen_at": frozen_at}), encoding="utf-8"
        )
    (folder / DRAFT).mkdir()
    (folder / DRAFT / "release.json").write_text(json.dumps({"made_at": "2026-03-12T08:00:00Z"}), encoding="utf-8")
    draft = rows(4.0, 11.0)  # noqa: F841 - read by the statement below
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create schema publication; create schema core")
        connection.execute("create table publication.indicator_value as select * from draft")
        connection.execute("create table publication.frozen_value as select * from draft limit 0")
        connection.execute("create table core.dim_region (region_code varchar, region_name varchar, valid_from date)")
        connection.execute("insert into core.dim_region values ('520100', '贵阳市', '2020-01-01')")
    return settings


def test_vintages_stand_in_the_order_of_their_records_not_of_their_names(settings: Settings) -> None:
    assert [one.name for one in vintages_of(settings, YEAR)] == [
        "2026-02-01_monthly", "2026-03-01_yearbook", "2026-03-01_bulletin", DRAFT,
    ]  # fmt: skip


def test_the_newest_frozen_vintage_is_compared_with_the_draft(settings: Settings) -> None:
    found = compare(settings, YEAR)
    assert (found.old.name, found.new.name) == ("2026-03-01_bulletin", DRAFT)
    assert found.changes["value"].to_list() == [3.0, 10.0]


def test_one_named_vintage_is_compared_with_the_newest_other(settings: Settings) -> None:
    found = compare(settings, YEAR, "2026-02-01_monthly")
    assert (found.old.name, found.new.name) == ("2026-02-01_monthly", DRAFT)
    found = compare(settings, YEAR, DRAFT)
    assert (found.old.name, found.new.name) == ("2026-03-01_bulletin", DRAFT)


def test_a_kind_stands_for_the_newest_vintage_of_it(settings: Settings) -> None:
    older = settings.publication / str(YEAR) / "2026-01-01_monthly"
    older.mkdir()
    rows(9.0, 9.0, older.name).write_parquet(older / FROZEN_FILE)
    (older / "release.json").write_text(json.dumps({"frozen_at": "2026-01-02T08:00:00Z"}), encoding="utf-8")
    found = compare(settings, YEAR, "monthly", "bulletin")
    assert (found.old.name, found.new.name) == ("2026-02-01_monthly", "2026-03-01_bulletin")
    assert found.changes["value"].to_list() == [1.0] and found.changes["value_new"].to_list() == [3.0]
    found = compare(settings, YEAR, "bulletin", "draft")
    assert (found.old.name, found.new.name) == ("2026-03-01_bulletin", DRAFT)
    with pytest.raises(UserError, match="no vintage quick_report"):
        compare(settings, YEAR, "quick_report", "bulletin")


def test_without_a_draft_the_two_newest_frozen_ones_are_compared(settings: Settings) -> None:
    settings.warehouse.unlink()
    found = compare(settings, YEAR)
    assert (found.old.name, found.new.name) == ("2026-03-01_yearbook", "2026-03-01_bulletin")


def test_it_is_said_which_two_were_compared_and_what_changed(settings: Settings) -> None:
    told = render(compare(settings, YEAR), "zh")
    assert "旧：2026-03-01_bulletin（统计公报，已定稿，2026-03-09 16:00）" in told
    assert f"新：{DRAFT}（草稿，即仓库现有的数，2026-03-12 16:00）" in told
    assert "基本医保参保人数 · 贵阳市 · 2025 年: 3.00 → 4.00 万人  [insured_total 520100]" in told
    assert (
        "职工医保待遇享受人次 · 贵阳市 · 2025 年 6 月当月: 10.00 → 11.00 亿人次  [employee_benefit_visits 520100]"
        in told
    )
    said = render(compare(settings, YEAR), "en")
    assert "old: 2026-03-01_bulletin (bulletin, frozen, 2026-03-09 16:00)" in said
    assert "Basic medical insurance enrolment · Guiyang · 2025: 3.00 → 4.00 万人 (10 thousand persons)" in said


def test_a_draft_that_the_warehouse_has_left_behind_is_not_called_the_present_state(settings: Settings) -> None:
    path = settings.publication / str(YEAR) / DRAFT / "release.json"
    inputs = [{"load_id": number, "source_file": f"setl_d_{number}.csv"} for number in (1, 2)]
    path.write_text(json.dumps({"made_at": "2026-03-12T08:00:00Z", "inputs": inputs}), encoding="utf-8")

    def told(*statements: str) -> str:
        with duckdb.connect(str(settings.warehouse)) as connection:
            for statement in statements:
                connection.execute(statement)
        (line,) = [line for line in render(compare(settings, YEAR), "zh").splitlines() if "新：" in line]
        assert ("not the present state" in render(compare(settings, YEAR), "en")) == ("不是现状" in line)
        return line

    working = (
        "create schema indicator; create table indicator.indicator_value as select * from publication.indicator_value"
    )
    loads = "create schema ops; create table ops.load as select unnest([1, 2]) as load_id, 'setl_d_' || load_id || '.csv' as source_file"
    assert "即仓库现有的数" in told(working, loads)
    line = told("insert into ops.load values (7, 'setl_d_late.csv'), (8, 'mdtrt_d_late.csv')")
    assert (
        "不是现状" in line
        and "2 个文件" in line
        and "入库编号 7" in line
        and "setl_d_late.csv" in line
        and "bulletin run" in line
    )
    line = told("delete from ops.load where load_id <> 1")
    assert "撤出 1 个文件（setl_d_2.csv" in line and "入库编号" not in line
    line = told(
        "insert into ops.load values (2, 'setl_d_2.csv')",
        "update indicator.indicator_value set value = 5 where value = 4",
    )
    assert "重算过" in line
    assert "即仓库现有的数" in told("update indicator.indicator_value set value = 4 where value = 5")


def told_of(language: str, **columns: object) -> str:
    """The line of one change: visits of employees at pharmacies, changed as said."""
    row = dict.fromkeys(KEY, "total") | {
        "indicator_id": "employee_benefit_visits", "year": YEAR, "region_code": "520100", "month": None,
        "period_kind": "year", "scheme": "employee", "visit_type": "pharmacy",
    }  # fmt: skip
    row |= {f"{part}{side}": None for part in ("value", "numerator", "denominator") for side in ("", "_new")}
    row |= {"status": "provisional", "status_new": "provisional"} | columns
    vintage = Vintage(DRAFT, "", frozen=False)
    difference = Difference(YEAR, vintage, vintage, 1, pl.DataFrame([row]), {"520100": "贵阳市", "520300": "遵义市"})
    return render(difference, language).splitlines()[-1]


def test_a_change_is_told_in_words_and_in_the_unit_of_its_size() -> None:
    line = told_of("zh", value=0.0000533, value_new=0.0000541)
    assert (
        line.strip()
        == "职工医保待遇享受人次 · 贵阳市 · 2025 年 · 药店购药: 5,330 → 5,410 人次  [employee_benefit_visits 520100]"
    )
    line = told_of("en", value=0.5330001, value_new=0.5330002)
    assert "Guiyang · 2025 · Purchases at pharmacies: 5,330.001 → 5,330.002 万人次 (10 thousand visits)" in line
    line = told_of("zh", value=1.5, value_new=None, status_new="suppressed")
    assert ": 1.50 → 不公布 亿人次" in line
    line = told_of("zh", value=1.5, value_new=1.5, numerator=150000000.0, numerator_new=300000000.0)
    assert "1.50 → 1.50 亿人次; 分子 150,000,000 → 300,000,000" in line


def test_months_and_places_of_care_are_named() -> None:
    line = told_of("zh", value=1.0, value_new=2.0, month=202506, period_kind="year_to_date")
    assert "2025 年 1–6 月累计" in line
    line = told_of("zh", value=1.0, value_new=2.0, other_dimension="destination", other_member="520300")
    assert "遵义市" in line and "520300" not in line
    line = told_of("zh", value=1.0, value_new=2.0, other_dimension="age_group", other_member="60+")
    assert "60 岁及以上" in line


def test_an_unknown_vintage_lists_those_there_are(settings: Settings) -> None:
    with pytest.raises(UserError, match="no vintage 2020-01-01_bulletin") as found:
        compare(settings, YEAR, "2020-01-01_bulletin")
    assert found.value.where.startswith("2026-02-01_monthly、")
