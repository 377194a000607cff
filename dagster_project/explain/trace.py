"""Reading an explanation out of the warehouse.

Belongs here: finding the value and putting its parts together. Does not belong here: the selects of the parts (`reading.py`,
`sources.py`), wording (`render.py`).
"""

from __future__ import annotations

from typing import Any

import duckdb

from dagster_project.dictionary import Indicator, load_indicators
from dagster_project.dictionary.indicators import OWN_COLUMNS
from dagster_project.errors import UserError
from dagster_project.explain import reading, sources
from dagster_project.explain.model import Explanation
from dagster_project.explain.naming import figured_regions, indicator_of, region_of
from dagster_project.explain.period import MONTH, TO_DATE, Breakdown, months_of, when
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
    to_date: bool = False,
) -> Explanation:
    """Explain a value as the command line asks for it: by scheme, by month (1-12 or yyyymm) or from January up to a month.

    Raises UserError for a month of another year, for a scheme within a month, and for a year to date without its month.
    """
    if scheme == indicator_of(indicator).scheme_label:
        scheme = "total"  # the id already names the scheme
    if (month is None and to_date) or (month is not None and scheme != "total"):
        raise UserError(
            Text(
                "--to-date 须与 --month 同用；--month 与 --scheme 不同用。",
                "--to-date needs --month; --month goes without --scheme.",
            ),
            where="--to-date" if to_date and month is None else "--month --scheme",
        )
    breakdown: Breakdown | None = ("scheme", scheme) if scheme != "total" else None
    if month is not None:
        asked = month if month > 12 else year * 100 + month
        if asked // 100 != year or not 1 <= asked % 100 <= 12:
            raise UserError(Text(f"{month} 不是 {year} 年的月份。", f"{month} is no month of {year}."), where="--month")
        breakdown, month = (TO_DATE if to_date else MONTH, str(asked)), asked % 100
    return _explain(settings, indicator, year, region, breakdown, month)


def _explain(
    settings: Settings, indicator_id: str, year: int, region: str | None, breakdown: Breakdown | None, month: int | None
) -> Explanation:
    asked = indicator_of(indicator_id)
    base = load_indicators()[asked.alias_of] if asked.alias_of else asked
    with connect(settings) as connection:
        place = region_of(connection, region) if region else asked.alias_geography or _province(connection)
        value = _value(connection, base, year, place, breakdown)
        terms = reading.terms(connection, base, year, place, breakdown)
        is_counted = value["reason"] is None
        files = sources.files(connection, base, year, place, breakdown) if is_counted else ()
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
            files=files,
            returned=reading.returned(connection, base, year, place) if is_counted else (),
            checks=reading.checks(connection, {term.cube for term in terms}, files),
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
    if label in (MONTH, TO_DATE):
        return "v.breakdown = 'month' and v.period_kind = ? and v.month = cast(? as integer)", [label, member]
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
    month = max(months_of(breakdown), default=None)
    asked = when(year, breakdown[0] if breakdown else "", month)
    raise UserError(
        Text(
            f"没有这个数：{base.name_zh}（{base.indicator_id}），{asked.zh}，{place}。",
            f"No such value: {base.name_en} ({base.indicator_id}), {asked.en}, {place}.",
        ),
        where="=".join(breakdown) if breakdown and month is None else "",
        todo=Text(
            f"可查年份：{years}；地区：{regions}；分组：{labels}。",
            f"Years: {years}; regions: {regions}; breakdowns: {labels}.",
        ),
    )
