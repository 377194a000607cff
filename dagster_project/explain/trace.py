"""Reading an explanation out of the warehouse.

Belongs here: finding the value, its terms, the fact rows behind their cells and the files those came from. Does not
belong here: wording (`render.py`); labels on rows (dbt view `indicator.trace_row`, the cube's own filter).
"""

from __future__ import annotations

from typing import Any

import duckdb

from dagster_project.dictionary import Indicator, load_indicators
from dagster_project.dictionary.indicators import OWN_COLUMNS
from dagster_project.errors import UserError
from dagster_project.explain import reading
from dagster_project.explain.model import Explanation
from dagster_project.explain.naming import figured_regions, indicator_of, region_of
from dagster_project.explain.reading import Breakdown
from dagster_project.language import Text
from dagster_project.settings import Settings
from dagster_project.warehouse import connect


def explain(
    settings: Settings, indicator_id: str, year: int, region_code: str | None, breakdown: Breakdown | None = None
) -> Explanation:
    """Explain an annual value, the whole of it or one (label, member) of a breakdown."""
    return _explain(settings, indicator_id, year, region_code, breakdown, None)


def explain_value(
    settings: Settings,
    indicator: str,
    year: int,
    region: str | None = None,
    scheme: str = "total",
    month: int | None = None,
) -> Explanation:
    """Explain a value as the command line asks for it: by scheme or by month (1-12 or yyyymm)."""
    breakdown: Breakdown | None = ("scheme", scheme) if scheme != "total" else None
    if month is not None:
        breakdown = ("month", str(month if month > 12 else year * 100 + month))
    return _explain(settings, indicator, year, region, breakdown, month)


def _explain(
    settings: Settings, indicator_id: str, year: int, region: str | None, breakdown: Breakdown | None, month: int | None
) -> Explanation:
    asked = indicator_of(indicator_id)
    base = load_indicators()[asked.alias_of] if asked.alias_of else asked
    if breakdown is not None and breakdown[0] == "scheme" and base.scheme_label == breakdown[1]:
        breakdown = None  # the id already names the scheme
    with connect(settings) as connection:
        place = region_of(connection, region) if region else asked.alias_geography or _province(connection)
        value = _value(connection, base, year, place, breakdown)
        terms = reading.terms(connection, base, year, place, breakdown)
        return Explanation(
            indicator_id=asked.indicator_id,
            alias_of=asked.alias_of,
            name=Text(asked.name_zh, asked.name_en),
            formula=str(value["formula"] or ""),
            traps=str(value["traps"] or ""),
            unit=base.unit,
            decimals=base.display_decimals,
            year=year,
            month=month,
            region_code=place,
            region_name=str(value["region_name"] or ""),
            breakdown=breakdown[0] if breakdown else "total",
            member=breakdown[1] if breakdown else "total",
            status=value["status"],
            reason=str(value["reason"] or ""),
            value=value["value"],
            numerator=value["numerator"],
            denominator=value["denominator"],
            scale=int(value["scale"]),
            unit_factor=int(value["unit_factor"]),
            definition_id=value["definition_id"],
            choices=reading.choices(connection, value["definition_id"]),
            terms=tuple(terms),
            files=reading.files(connection, base, year, place, breakdown) if value["reason"] is None else (),
            checks=reading.checks(connection, {term.cube for term in terms}),
            published=reading.published(connection, asked, base, year, place),
            withheld=reading.withheld(connection, value),
            synthetic=reading.is_synthetic(connection),
        )


def _province(connection: duckdb.DuckDBPyConnection) -> str:
    row = connection.execute(
        "select min(region_code) from indicator.indicator_value where region_level = 'province'"
    ).fetchone()
    return str(row[0]) if row and row[0] else ""


def _member_filter(breakdown: Breakdown | None) -> tuple[str, list[str]]:
    """Condition and parameters that pick one row of indicator_value."""
    if breakdown is None:
        return "v.breakdown = 'total'", []
    label, member = breakdown
    if label == "month":
        return "v.breakdown = 'month' and v.period_kind = 'month' and v.month = cast(? as integer)", [member]
    if label in OWN_COLUMNS:
        return f"v.breakdown = ? and v.{label} = ?", [label, member]
    return "v.breakdown = ? and v.other_member = ?", [label, member]


def _value(
    connection: duckdb.DuckDBPyConnection, base: Indicator, year: int, place: str, breakdown: Breakdown | None
) -> dict[str, Any]:
    condition, parameters = _member_filter(breakdown)
    found = reading.records(
        connection,
        f"""
        select v.*, d.formula, d.traps, d.scale, d.unit_factor,
            (select arg_max(r.region_name, r.valid_from) from core.dim_region as r where r.region_code = v.region_code)
                as region_name
        from indicator.indicator_value as v
        inner join ops.indicator_dictionary as d on v.indicator_id = d.indicator_id
        where v.indicator_id = ? and v.year = ? and v.region_code = ? and {condition}
        """,
        [base.indicator_id, year, place, *parameters],
    )
    if found:
        return found[0]
    query = "select distinct year from indicator.indicator_value where indicator_id = ? order by year"
    years = ", ".join(str(row["year"]) for row in reading.records(connection, query, [base.indicator_id]))
    regions = ", ".join(f"{code} {name}".strip() for code, name in figured_regions(connection).items())
    labels = ", ".join(base.breakdown_labels)
    raise UserError(
        Text(
            f"没有这个数：{base.indicator_id}，{year} 年，{place}。",
            f"No such value: {base.indicator_id}, {year}, {place}.",
        ),
        where=" ".join(breakdown) if breakdown else "",
        todo=Text(
            f"可查年份：{years}；地区：{regions}；分组：{labels}。",
            f"Years: {years}; regions: {regions}; breakdowns: {labels}.",
        ),
    )
