"""The selects of an explanation: terms, definition, checks, published figures of one value.

Belongs here: one function a part, each of one query. Does not belong here: finding the value (`trace.py`), its rows and
files (`sources.py`), wording (`render.py`).
"""

from __future__ import annotations

from typing import Any

import duckdb

from dagster_project.checks.catalogue import catalogue
from dagster_project.dictionary import Indicator
from dagster_project.dictionary.indicators import LABELS, OWN_COLUMNS, returned_name
from dagster_project.explain.model import (
    CheckTrace,
    Choice,
    PublishedFigure,
    ReturnedFigure,
    SourceFile,
    TermTrace,
)
from dagster_project.explain.naming import COUNTRY, COUNTRY_NAME
from dagster_project.explain.period import Breakdown, cells_of
from dagster_project.language import Text


def records(connection: duckdb.DuckDBPyConnection, query: str, parameters: list[Any]) -> list[dict[str, Any]]:
    cursor = connection.execute(query, parameters)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def has(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    query = "select 1 from information_schema.tables where table_schema = ? and table_name = ?"
    return connection.execute(query, table.split(".")).fetchone() is not None


def terms(
    connection: duckdb.DuckDBPyConnection, base: Indicator, year: int, place: str, breakdown: Breakdown | None
) -> list[TermTrace]:
    rows = records(
        connection,
        """
        with cells as (
            select selection_id, measure, province, year, sum(amount) as amount, sum(units) as units
            from indicator.selected
            where region_code = ? and breakdown = ? and list_contains(cast(? as varchar[]), member)
            group by selection_id, measure, province, year
        )
        select t.*, coalesce(c.amount, 0) as amount, coalesce(c.units, 0) as units
        from indicator.indicator_term as t
        left join cells as c
            on t.selection_id = c.selection_id and t.measure = c.measure and t.province = c.province and t.data_year = c.year
        where t.indicator_id = ? and t.year = ? and t.province = left(?, 2) || '0000'
        order by t.term_number, t.data_year
        """,
        [place, *cells_of(breakdown), base.indicator_id, year, place],
    )
    traced = []
    for row in rows:
        labels = tuple((label, str(row[label])) for label in LABELS if row[label] is not None)
        traced.append(
            TermTrace(
                role=row["role"],
                measure=row["measure"],
                cube=row["cube"],
                coefficient=row["coefficient"],
                year=row["data_year"],
                labels=labels,
                amount=row["amount"],
                rows=int(row["units"] or 0),
            )
        )
    return traced


def returned(
    connection: duckdb.DuckDBPyConnection, base: Indicator, year: int, place: str
) -> tuple[ReturnedFigure, ...]:
    """The departmental returns behind a value: of several periods of a year the last, of several returns the newest."""
    rows = records(
        connection,
        """
        select distinct f.indicator_id, f.period, f.value, f.unit, f.department, f.as_of_date
        from indicator.indicator_term as t
        inner join core.fct_reported as f
            on t.province = f.province and t.data_year = f.year and t.reported_indicator = f.indicator_id
        where
            (
                t.cube = 'reported' or t.cube = 'told' and exists (
                    from indicator.labelled_told as told
                    where
                        told.is_returned and told.reported_indicator = t.reported_indicator
                        and told.province = t.province and told.year = t.data_year and told.region_code = f.region_code
                )
            )
            and t.indicator_id = ? and t.year = ? and f.region_code = ?
        qualify f.period = max(f.period) over (partition by f.indicator_id, f.year)
        order by f.period, f.indicator_id
        """,
        [base.indicator_id, year, place],
    )
    return tuple(
        ReturnedFigure(
            row["indicator_id"], Text(*returned_name(row["indicator_id"])), row["period"], row["value"], row["unit"],
            row["department"], row["as_of_date"],
        )
        for row in rows
    )  # fmt: skip


def choices(connection: duckdb.DuckDBPyConnection, definition_id: str) -> tuple[Choice, ...]:
    rows = records(
        connection, "select * from indicator.definition where definition_id = ? order by switch", [definition_id]
    )
    return tuple(
        Choice(
            row["switch"],
            row["value"],
            Text(row["switch_zh"], row["switch_en"]),
            Text(row["value_zh"], row["value_en"]),
        )
        for row in rows
    )


_TABLES = {
    "settlement": ("setl_d", "fct_settlement", "cube_settlement", "settlement_link"),
    "visit": ("setl_d", "fct_settlement", "fct_stay", "cube_settlement", "cube_stay"),
    "stay": ("setl_d", "mdtrt_d", "fct_stay", "cube_stay"),
    "stay_end": ("setl_d", "mdtrt_d", "fct_stay", "cube_stay"),
    "enrolment": (
        "psn_insu_d",
        "psn_info_b",
        "fct_enrolment",
        "fct_enrolment_date",
        "fct_contribution",
        "cube_enrolment",
    ),
    "fund": ("fund_ledger_m", "fct_fund_ledger", "cube_fund"),
    "population": ("population_ref", "fct_population", "cube_population"),
    "maternity_allowance": ("matn_alwn_crtf_d", "fct_maternity_allowance", "cube_maternity_allowance"),
    "assistance": ("setl_d", "fct_assistance", "cube_assistance"),
    "person": ("setl_d", "psn_info_b", "fct_settlement", "settlement_link", "cube_person"),
    "premium_subsidy": ("rsdt_psn_clct_detl_d", "psn_info_b", "fct_premium_subsidy", "cube_premium_subsidy"),
    "reported": ("adm_return", "fct_reported", "cube_reported"),
    "told": ("adm_return", "fct_reported", "fixmedins_b", "cube_institution", "med_dfr_d", "cube_payment"),
    "filing": ("out_appy_d", "fct_filing", "cube_filing"),
    "payment": ("med_dfr_d", "fct_payment", "cube_payment"),
    "listed": ("psn_idet_info_b", "person_identity", "fct_listed_person", "cube_listed_person"),
    "negotiated_drug": ("fee_list_d", "setl_d", "settled_line", "fct_negotiated_drug", "cube_negotiated_drug"),
    "large_exam": ("fee_list_d", "setl_d", "settled_line", "fct_large_exam", "repeated_exam", "cube_large_exam"),
    "triple_protection": (
        "psn_idet_info_b",
        "person_identity",
        "setl_d",
        "fct_listed_settlement",
        "fct_triple_protection",
        "cube_triple_protection",
    ),
    "assisted_care": ("setl_d", "fct_assisted_settlement", "cube_assisted_care"),
    "listed_care": ("psn_idet_info_b", "person_identity", "setl_d", "fct_listed_settlement", "cube_listed_care"),
}


def checks(
    connection: duckdb.DuckDBPyConnection, cubes: set[str], files: tuple[SourceFile, ...]
) -> tuple[CheckTrace, ...]:
    """The newest checks of each stage on the tables that terms of these cubes and rows of these files went through."""
    if not has(connection, "ops.check_result"):
        return ()
    tables = sorted(
        {table for cube in cubes for table in _TABLES[cube]} | {file.extract for file in files} | {"indicator_value"}
    )
    rows = records(
        connection,
        """
        with newest as (select stage, arg_max(run_id, rowid) as run_id from ops.check_result group by stage)
        select stage, table_name, check_name, status, unexpected
        from ops.check_result
        semi join newest using (stage, run_id)
        where
            list_contains(cast(? as varchar[]), split_part(table_name, '.', -1)) and status <> 'not_applicable'
        order by case status when 'error' then 1 when 'fail' then 2 when 'warn' then 3 else 4 end, stage, check_name
        """,
        [tables],
    )
    rules = catalogue()
    return tuple(
        CheckTrace(
            row["stage"],
            row["table_name"],
            row["check_name"],
            rules[row["check_name"]].title if row["check_name"] in rules else Text("", ""),
            row["status"],
            row["unexpected"],
        )
        for row in rows
    )


def published(
    connection: duckdb.DuckDBPyConnection, asked: Indicator, base: Indicator, year: int, place: str
) -> tuple[PublishedFigure, ...]:
    """Figures of this place first; the nation's for comparison where there are none."""
    rows = records(
        connection,
        """
        select p.*,
            (select arg_max(r.region_name, r.valid_from) from core.dim_region as r where r.region_code = p.geography)
                as geography_name
        from indicator.published_reference as p
        where indicator_id = ? and year = ? and geography in (?, '100000') and (? = '' or vintage = ?)
        order by geography = '100000', vintage
        """,
        [base.indicator_id, year, place, asked.alias_vintage, asked.alias_vintage],
    )
    own = [row for row in rows if row["geography"] == place]
    return tuple(
        PublishedFigure(
            row["geography"], _place_name(row), row["year"], row["vintage"], row["indicator_value"], row["qualifier"] or "",
            row["indicator_unit"], row["source"] or "", row["note"] or "",
        )
        for row in own or rows
    )  # fmt: skip


def _place_name(row: dict[str, Any]) -> Text:
    name = str(row["geography_name"] or "")
    return COUNTRY_NAME if row["geography"] == COUNTRY else Text(name, name)


def withheld(connection: duckdb.DuckDBPyConnection, value: dict[str, Any]) -> str:
    """The rule by which publications withhold a value, '' where they do not."""
    if not has(connection, "publication.disclosure_decision"):
        return ""
    keys = ("indicator_id", "year", "month", "region_code", "breakdown", "period_kind", *OWN_COLUMNS, "other_member")
    condition = " and ".join(f"{name} is not distinct from ?" for name in keys)
    row = connection.execute(
        f"select rule from publication.disclosure_decision where {condition}", [value[name] for name in keys]
    ).fetchone()
    return str(row[0]) if row else ""


def is_synthetic(connection: duckdb.DuckDBPyConnection) -> bool:
    if not has(connection, "ops.meta"):
        return False
    row = connection.execute("select value from ops.meta where key = 'synthetic'").fetchone()
    return bool(row and str(row[0]).lower() == "true")
