"""The annual figures of a home by indicator, for the pages: working values after disclosure control.

Belongs here: the one select. Does not belong here: pages, charts.
"""

from __future__ import annotations

from collections import defaultdict

import duckdb

from dagster_project.errors import UserError
from dagster_project.language import Text
from dagster_project.reference.series import OWN, Point


def own_points(connection: duckdb.DuckDBPyConnection, region: str) -> dict[str, list[Point]]:
    """Published working values of a region by indicator, ascending years. Raises UserError before the first publication."""
    try:
        rows = connection.execute(
            "select indicator_id, year, any_value(value) from publication.indicator_value "
            "where period_kind = 'year' and breakdown = 'total' and region_code = $1 and value is not null "
            "and vintage not in (select distinct vintage from publication.frozen_value) group by all order by all",
            [region],
        ).fetchall()
    except duckdb.CatalogException as error:
        raise UserError(
            Text("还没有公布过的指标值。", "No values have been published yet."),
            where="publication.indicator_value",
            todo=Text("先运行 bulletin run。", "Run bulletin run first."),
        ) from error
    found: dict[str, list[Point]] = defaultdict(list)
    for indicator, year, value in rows:
        found[indicator].append(Point(int(year), OWN, float(value)))
    return dict(found)
