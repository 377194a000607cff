"""Which years a home can tell of: while no settlements have landed, and how far its register reaches."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from dagster_project import years as reach
from dagster_project.ingest import prepare_warehouse
from dagster_project.settings import Settings
from dagster_project.warehouse import connect

NO_ROW = "where false"


@pytest.mark.parametrize(
    ("delivered", "ledger", "population", "years"),
    [
        ([], NO_ROW, NO_ROW, []),
        # A register of January shows the 31 December before and says nothing of the year it was handed over in.
        ([datetime(2024, 1, 10), datetime(2025, 1, 10)], NO_ROW, NO_ROW, [2023, 2024]),
        ([datetime(2024, 12, 31)], NO_ROW, NO_ROW, [2024]),
        ([datetime(2024, 12, 30)], NO_ROW, NO_ROW, [2023]),
        # What the ledger and the population tell goes before dates of delivery, but not beyond the last ended year.
        ([datetime(2026, 2, 1)], "", NO_ROW, [2024]),
        ([datetime(2026, 2, 1)], "", "", [2023, 2024]),
        ([datetime(2024, 3, 1)], "", "", [2023]),
    ],
)
def test_years_end_before_they_are_told_of(
    tmp_path: Path, delivered: list[datetime], ledger: str, population: str, years: list[int]
) -> None:
    with connect(Settings(home=tmp_path)) as connection:
        prepare_warehouse(connection)
        for number, moment in enumerate(delivered):
            connection.execute("insert into ops.load (load_id, delivered_at) values (?, ?)", [number, moment])
        connection.execute(f"create or replace view raw.fund_ledger_m as select '202403' as ym {ledger}")
        connection.execute(f"create or replace view raw.population_ref as select '2023' as year {population}")
        assert reach.years_without_settlements(connection) == years
        assert reach.definition_years(connection) == years


@pytest.mark.parametrize(
    ("delivered", "reached"),
    [
        ([], None),
        ([datetime(2026, 1, 10)], 2025),
        ([datetime(2026, 11, 30), datetime(2025, 1, 10)], 2025),
        ([datetime(2026, 12, 1)], 2026),
        ([None], 2024),  # when it was delivered is not known: when it was loaded
    ],
)
def test_L27_the_year_end_that_a_register_reaches(
    tmp_path: Path, delivered: list[datetime | None], reached: int
) -> None:
    with connect(Settings(home=tmp_path)) as connection:
        prepare_warehouse(connection)
        other = "insert into ops.load (load_id, extract, delivered_at, loaded_at) values (?, ?, ?, '2025-06-01')"
        connection.execute(other, [99, "setl_d", datetime(2029, 12, 31)])
        for number, moment in enumerate(delivered):
            connection.execute(other, [number, "psn_insu_d", moment])
        assert reach.register_year(connection) == reached
