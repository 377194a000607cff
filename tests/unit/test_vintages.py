"""Which two vintages of a year are compared, and how the difference is told."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dagster_project.errors import UserError
from dagster_project.explain.differences import render
from dagster_project.explain.vintages import FROZEN_FILE, KEY, compare, vintages_of
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


def test_without_a_draft_the_two_newest_frozen_ones_are_compared(settings: Settings) -> None:
    settings.warehouse.unlink()
    found = compare(settings, YEAR)
    assert (found.old.name, found.new.name) == ("2026-03-01_yearbook", "2026-03-01_bulletin")


def test_it_is_said_which_two_were_compared_and_what_changed(settings: Settings) -> None:
    told = render(compare(settings, YEAR), "zh")
    assert "旧：2026-03-01_bulletin（已定稿，2026-03-09T08:00:00Z）" in told
    assert f"新：{DRAFT}（草稿，即仓库现有的数，2026-03-12T08:00:00Z）" in told
    assert "基本医保参保人数 · insured_total · 2025 · 520100 贵阳市: 3 -> 4 万人" in told
    assert "employee_benefit_visits · 2025-06 · 520100 贵阳市: 10 -> 11" in told
    said = render(compare(settings, YEAR), "en")
    assert "old: 2026-03-01_bulletin (frozen, 2026-03-09T08:00:00Z)" in said
    assert "Basic medical insurance enrolment · insured_total" in said


def test_an_unknown_vintage_lists_those_there_are(settings: Settings) -> None:
    with pytest.raises(UserError, match="no vintage 2020-01-01_bulletin") as found:
        compare(settings, YEAR, "2020-01-01_bulletin")
    assert found.value.where.startswith("2026-02-01_monthly、")
