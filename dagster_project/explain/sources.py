"""The landed files behind one value: of the rows it counts, of the rows that decide about those, of the registers asked.

Belongs here: the selects over the dbt views `indicator.trace_row` and `indicator.trace_support`. Does not belong here: which row
counts where, and what decides about it (those views, from the cubes' own filters).
"""

from __future__ import annotations

from typing import Any

import duckdb

from dagster_project.dictionary import Indicator
from dagster_project.dictionary.indicators import LABELS
from dagster_project.explain.model import SourceFile
from dagster_project.explain.period import Breakdown, months_of
from dagster_project.explain.reading import has, records

# Lists that are looked up as a whole; the dictionary says which of them an indicator needs.
_REGISTERS = ("insu_emp_info_b", "fixmedins_b")
# Every figure is one of a place, and this list says which places there are and where they belong.
_PLACES = "admdvs_dim_a"


def files(
    connection: duckdb.DuckDBPyConnection, base: Indicator, year: int, place: str, breakdown: Breakdown | None
) -> tuple[SourceFile, ...]:
    """Files of the distinct fact rows in the cells of all terms, then of the rows that decide about them, then the registers.

    Inside a part the table with most rows comes first, and inside a table the file with most rows.
    """
    _trace(connection, base, year, place, breakdown)
    found = [*_counted(connection), *_deciding(connection, base), *_registers(connection, base)]
    connection.execute("drop table traced")
    return tuple(found)


def _trace(
    connection: duckdb.DuckDBPyConnection, base: Indicator, year: int, place: str, breakdown: Breakdown | None
) -> None:
    """The distinct fact rows of the value into a temporary table: cube, load, row, and of a spell the year it counts for."""
    matches = " ".join(f"and (t.{label} is null or t.{label} = r.{label})" for label in LABELS)
    narrowed, parameters = "", list[Any]()
    if months_of(breakdown):
        narrowed, parameters = "and list_contains(cast(? as integer[]), r.month)", [months_of(breakdown)]
    elif breakdown is not None and breakdown[0] in LABELS:
        narrowed, parameters = f"and r.{breakdown[0]} = ?", [breakdown[1]]
    connection.execute(
        f"""
        create or replace temporary table traced as
        with terms as (
            select distinct cube, data_year, province, {", ".join(LABELS)}
            from indicator.indicator_term
            where indicator_id = ? and year = ? and province = left(?, 2) || '0000'
        )
        select distinct
            r.cube, r.load_id, r.source_row,
            case when r.cube = 'enrolment' then r.year end as reference_year
        from indicator.trace_row as r
        inner join terms as t
            on t.cube = r.cube and t.province = r.province and t.data_year = r.year {matches}
        where (r.region_code = ? or (? = r.province and r.extract not in ('population_ref', 'adm_return'))) {narrowed}
        """,
        [base.indicator_id, year, place, place, place, *parameters],
    )


_FILES = """
    select loads.extract, loads.source_file, loads.sha256, loads.load_id, loads.loaded_at, counted.row_count
    from counted
    inner join ops.load as loads on counted.load_id = loads.load_id
    order by sum(counted.row_count) over (partition by loads.extract) desc, loads.extract, counted.row_count desc, loads.load_id
"""


def _counted(connection: duckdb.DuckDBPyConnection) -> list[SourceFile]:
    query = """
        with counted as (
            select load_id, count(distinct source_row) as row_count from traced group by load_id
        )
    """
    return _as_files("counted", records(connection, query + _FILES, []))


def _deciding(connection: duckdb.DuckDBPyConnection, base: Indicator) -> list[SourceFile]:
    """Rows that are not counted themselves, of tables that the dictionary names for the indicator."""
    if not has(connection, "indicator.trace_support"):  # a warehouse of an earlier version that has not been run since
        return []
    cubes = [str(row[0]) for row in connection.execute("select distinct cube from traced").fetchall()]
    if not cubes:
        return []
    query = deciding_rows(cubes) + _FILES
    return _as_files("deciding", records(connection, query, [*cubes, list(base.extracts)]))


def deciding_rows(cubes: list[str]) -> str:
    """The select of the rows that decide about those traced, counted by load; parameters are the cubes and the extracts.

    All conditions of its joins are equalities: with any other, DuckDB compares every row with every row.
    """
    return f"""
        with deciding as (
            select distinct s.deciding_load_id as load_id, s.deciding_source_row as source_row
            from indicator.trace_support as s
            semi join traced as t
                on s.cube = t.cube and s.load_id = t.load_id and s.source_row = t.source_row
                and s.reference_year is not distinct from t.reference_year
            where s.cube in ({", ".join("?" for _ in cubes)})
        ),
        counted as (
            select deciding.load_id, count(*) as row_count
            from deciding
            inner join ops.load as loads on deciding.load_id = loads.load_id
            anti join traced as t on deciding.load_id = t.load_id and deciding.source_row = t.source_row
            where list_contains(cast(? as varchar[]), loads.extract)
            group by deciding.load_id
        )
    """


def _registers(connection: duckdb.DuckDBPyConnection, base: Indicator) -> list[SourceFile]:
    needed = [table for table in (*_REGISTERS, _PLACES) if table in base.extracts or table == _PLACES]
    known = [table for table in needed if has(connection, f"staging.stg_{table}")]
    if not known:
        return []
    rows = " union all ".join(f"select load_id from staging.stg_{table} where is_current" for table in known)
    query = f"with counted as (select load_id, count(*) as row_count from ({rows}) as looked_up group by load_id)"
    return _as_files("register", records(connection, query + _FILES, []))


def _as_files(part: str, rows: list[dict[str, Any]]) -> list[SourceFile]:
    return [
        SourceFile(
            str(row["extract"]), str(row["source_file"]), str(row["sha256"]), int(row["load_id"]), int(row["row_count"]),
            str(row["loaded_at"]), part,
        )
        for row in rows
    ]  # fmt: skip
