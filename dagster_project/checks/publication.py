"""Publication: the documents against the database, and what may be published at all.

Belongs here: the checks of stage `publication`. Does not belong here: reading documents (`documents`), suppressing
(`disclosure`), texts and thresholds (`rules.yml`).
"""

from __future__ import annotations

import duckdb

from dagster_project.checks import tracing, withheld
from dagster_project.checks.documents import MAIN_FILES, publications
from dagster_project.checks.model import Check
from dagster_project.disclosure import load_parameters
from dagster_project.settings import Settings


def plan(settings: Settings, connection: duckdb.DuckDBPyConnection, run_id: str) -> list[Check]:
    """The checks of the published values and of the documents; looks at both as a reader would first."""
    withheld.record(connection)
    tracing.record(connection, publications(settings, run_id), run_id)
    return [*_disclosure(), *_files(connection), *_figures()]


def _disclosure() -> list[Check]:
    parameters = load_parameters()
    units = ", ".join(f"'{unit}'" for unit in parameters.person_units)
    small = f"between 1 and {parameters.min_cell - 1}"
    valued = "coalesce(value, numerator, denominator) is not null"
    return [
        Check(
            rule="small_cell_published",
            bad="select indicator_id, year, month, region_code, scheme, hospital_tier, visit_type, other_member, unit, status "
            f"from {{batch}} where status <> 'suppressed' and {valued} and (abs(support_count) {small} or "
            f"(regexp_replace(unit, '^[万亿千百]+', '') in ({units}) and numerator {small}))",
        ),
        Check(
            rule="suppressed_still_valued",
            bad="select indicator_id, year, month, region_code, scheme, hospital_tier, visit_type, other_member, unit, status "
            f"from {{batch}} where status = 'suppressed' and ({valued} or support_count is not null)",
            total="select count(*) from {batch} where status = 'suppressed'",
        ),
        Check(rule="withheld_cell_derivable", bad="select * from {batch} where is_derivable order by all"),
    ]


def _files(connection: duckdb.DuckDBPyConnection) -> list[Check]:
    needed = ", ".join(f"'{name}'" for name in MAIN_FILES)
    columns = "select year, vintage, document, bytes from {batch} where "
    checks = [
        Check(rule="document_missing", bad=columns + "bytes = 0"),
        Check(
            rule="document_changed",
            bad=columns + "bytes > 0 and declared_sha256 is not null and sha256 <> declared_sha256",
            total="select count(*) from {batch} where declared_sha256 is not null",
        ),
    ]
    if _is_synthetic(connection):
        marked = f"(document in ({needed}) or has_synthetic_mark is not null) and bytes > 0"
        checks.append(
            Check(
                rule="synthetic_mark_missing",
                bad=columns + marked + " and not coalesce(has_synthetic_mark, false)",
                total="select count(*) from {batch} where " + marked,
            )
        )
    return checks


def _is_synthetic(connection: duckdb.DuckDBPyConnection) -> bool:
    try:
        row = connection.execute("select value from ops.meta where key = 'synthetic'").fetchone()
    except duckdb.CatalogException:
        return False
    return bool(row and str(row[0]).lower() == "true")


def _figures() -> list[Check]:
    columns = (
        "select year, vintage, document, place, indicator_id, figure_year, region_code, kind, printed, expected "
        "from {batch} where "
    )
    return [
        Check(rule="figure_without_trace", bad=columns + "not has_trace"),
        Check(rule="figure_differs", bad=columns + "has_trace and not agrees"),
    ]
