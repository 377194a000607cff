"""med_dfr_d: what the agency pays to hospitals, month by month, and what it advances them.

Belongs here: the rows of a year and what they come to, working days counted one by one. Does not belong here: the ledger,
which books what was settled and not what was transferred.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, timedelta
from functools import cache
from typing import Any

from dagster_project.sample.calendar import as_date, month_span
from dagster_project.sample.hashing import mix_key
from dagster_project.sample.institutions import SECONDARY
from dagster_project.sample.reference_tables import Rows
from dagster_project.sample.world import World
from dagster_project.settings import PROJECT_ROOT

HEADER = (
    "dfr_id", "admdvs", "cashym", "dfr_notc_type", "dfr_obj_code", "dfr_sumamt", "fin_dspo_flag", "fin_acen_time", "setlym",
    "appy_time",
)  # fmt: skip
PAYEES_PER_PREFECTURE = 4
_SETTLEMENT, _ADVANCE = "1", "2"
_UNPAID_EVERY = 9
_CALENDAR = PROJECT_ROOT / "dbt" / "seeds" / "working_day.csv"


def payment_rows(world: World, year: int) -> Rows:
    """The payments for the months of a year, each with its claim; and two advances a year. Every ninth is not yet handled."""
    rows: Rows = []
    for prefecture in range(len(world.geography.prefectures) - 1):
        first = int(world.institutions.hospital_start[prefecture, SECONDARY])
        count = min(PAYEES_PER_PREFECTURE, int(world.institutions.hospital_count[prefecture, SECONDARY]))
        for payee in range(first, first + count):
            region = world.geography.region_codes[int(world.institutions.region[payee])]
            code = world.institutions.codes[payee]
            for month in range(1, 13):
                draw = mix_key(world.seed, year * 100 + month, payee, 83)
                close = as_date(month_span(year * 100 + month)[1] - 1)
                claim = close + timedelta(days=2 + draw % 8)
                paid = claim + timedelta(days=draw // 8 % 21)
                is_paid = draw // 200 % _UNPAID_EVERY != 0
                rows.append(
                    [
                        f"DFR{year}{month:02d}{payee:05d}", region, f"{paid:%Y%m}" if is_paid else None, _SETTLEMENT, code,
                        f"{10_000 + draw % 90_000}.{draw % 100:02d}", "1" if is_paid else "0",
                        f"{paid} 15:30:00" if is_paid else None, f"{close:%Y%m}", f"{claim} 09:00:00",
                    ]
                )  # fmt: skip
            for month in (1, 7):
                draw = mix_key(world.seed, year * 100 + month, payee, 84)
                paid = date(year, month, 10 + draw % 10)
                rows.append(
                    [
                        f"ADV{year}{month:02d}{payee:05d}", region, f"{paid:%Y%m}", _ADVANCE, code,
                        f"{50_000 + draw % 50_000}.00", "1", f"{paid} 11:00:00", None, None,
                    ]
                )  # fmt: skip
    return rows


@cache
def _exceptions() -> dict[date, bool]:
    with _CALENDAR.open(encoding="utf-8", newline="") as handle:
        return {date.fromisoformat(row["day"]): row["is_working"] == "true" for row in csv.DictReader(handle)}


def working_days(begin: date, end: date) -> int | None:
    """Working days after one date up to another, counted day by day; None where the calendar does not know a date."""
    years = {day.year for day in _exceptions()}
    if not {begin.year, end.year} <= years:
        return None
    days = (begin + timedelta(days=number) for number in range(1, (end - begin).days + 1))
    return sum(_exceptions().get(day, day.weekday() < 5) for day in days)


def payment_truth(world: World) -> list[dict[str, Any]]:
    """What was paid by year of the transfer and prefecture: money in fen, payments with their working days."""
    cells: dict[tuple[int, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    prefectures = world.geography.prefectures
    of_region = {
        code: prefectures[int(world.geography.prefecture_of[place])]
        for place, code in enumerate(world.geography.region_codes[: world.geography.insured_regions])
    }
    for year in world.years:
        for row in payment_rows(world, year):
            if row[6] != "1":
                continue
            paid = date.fromisoformat(str(row[7])[:10])
            cell = cells[paid.year, of_region[str(row[1])], str(row[3])]
            cell["payments"] += 1
            cell["amount"] += round(float(str(row[5])) * 100)
            if row[8]:
                month = int(str(row[8]))
                starts = {"claim": date.fromisoformat(str(row[9])[:10]), "month_end": as_date(month_span(month)[1] - 1)}
                for name, start in starts.items():
                    days = working_days(start, paid)
                    if days is not None:
                        cell[f"{name}_payments"] += 1
                        cell[f"{name}_working_days"] += days
    return [
        {"year": year, "prefecture": prefecture, "kind": kind} | dict(sums)
        for (year, prefecture, kind), sums in sorted(cells.items())
    ]
