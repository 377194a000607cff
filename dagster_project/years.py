"""Which years the deliveries of a home tell of.

Belongs here: years of settlements, of the ledger and the register, asked of `ops`; years that the names of files waiting in
the landing folder promise. Does not belong here: which of them a run publishes (`run.py`), what is computed for a year (dbt).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb

from dagster_project.china_time import KNOWN_AT

if TYPE_CHECKING:
    from dagster_project.ingest.discover import LandedFile

# 2024, 202401, 20240131, 2024-01: a year at the head of a run of four, six or eight digits.
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?:\d{2}){0,2}(?!\d)")
# A delivery named after a month holds late claims of the year before, and reaches over New Year.
_BESIDE = 1


def data_years(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Years that have settlements landed, ascending."""
    rows = connection.execute(
        "select distinct cast(left(month, 4) as integer) from ops.load_month "
        "where extract = 'setl_d' and regexp_matches(month, '^[0-9]{6}$') order by 1"
    ).fetchall()
    return [int(row[0]) for row in rows]


def definition_years(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Statistics years: every year from the first to the last with data. Comparisons look one year back by themselves."""
    years = data_years(connection) or years_without_settlements(connection)
    return list(range(years[0], years[-1] + 1)) if years else []


def years_without_settlements(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Years that can be told of while no settlements have landed, so that what can be computed is.

    Those of the ledger and the population that had ended when they were delivered; where neither has landed, the years that
    had ended by the deliveries: a register handed over in January shows the 31 December before, and none after it.
    """
    ended = f"year(cast({KNOWN_AT} as date) + 1) - 1"
    row = connection.execute(f"select min({ended}), max({ended}) from ops.load").fetchone()
    if row is None or row[0] is None:
        return []
    told = connection.execute(
        "select cast(left(ym, 4) as integer) as told_year from raw.fund_ledger_m union "
        "select cast(year as integer) from raw.population_ref order by told_year"
    ).fetchall()
    years = [int(year) for (year,) in told if year <= row[1]]
    return years or list(range(int(row[0]), int(row[1]) + 1))


def register_year(connection: duckdb.DuckDBPyConnection) -> int | None:
    """The newest year for whose 31 December the register of insured persons speaks (L27), None before it has landed.

    A register handed over in December or later shows the end of that year; one of January to November only the end of the
    year before: who joins, leaves or pays until the next one is not in it.
    """
    row = connection.execute(
        f"select max(year({KNOWN_AT}) - if(month({KNOWN_AT}) = 12, 0, 1)) from ops.load "
        "where extract in ('psn_insu_d', 'psn_insu_his_d')"
    ).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def years_told(file: LandedFile) -> list[int]:
    """Years that the path of a landed file names, from the first to the last; none where it names no year."""
    years = [int(year) for year in _YEAR.findall(file.source_file)]
    return list(range(min(years), max(years) + 1)) if years else []


def may_hold(file: LandedFile, year: int) -> bool:
    """Whether a landed file may hold rows of a year, by its path and its manifest; what says nothing may hold any."""
    extracted = file.manifest.extracted_at if file.manifest else None
    if extracted is not None and year > extracted.year:
        return False
    told = years_told(file)
    return not told or told[0] - _BESIDE <= year <= told[-1] + _BESIDE
