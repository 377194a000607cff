"""Publication: the documents against the database, and what may be published at all.

Belongs here: the checks of stage `publication`. Does not belong here: reading documents (`documents`), suppressing
(`disclosure`), texts and thresholds (`rules.yml`).
"""

from __future__ import annotations

import duckdb

from dagster_project.checks.model import Check
from dagster_project.disclosure import load_parameters
from dagster_project.settings import Settings


def plan(settings: Settings, connection: duckdb.DuckDBPyConnection, run_id: str) -> list[Check]:
    """The checks of the published values."""
    return _disclosure()


def _disclosure() -> list[Check]:
    parameters = load_parameters()
    units = ", ".join(f"'{unit}'" for unit in parameters.person_units)
    small = f"between 1 and {parameters.min_cell - 1}"
    valued = "coalesce(value, numerator, denominator) is not null"
    return [
        Check(
            rule="small_cell_published",
            bad="select indicator_id, year, month, region_code, scheme, hospital_tier, visit_type, other_member, unit, status "
            f"from {{batch}} where status <> 'suppressed' and {valued} and (support_count {small} or "
            f"(regexp_replace(unit, '^[万亿千百]+', '') in ({units}) and numerator {small}))",
        ),
        Check(
            rule="suppressed_still_valued",
            bad="select indicator_id, year, month, region_code, scheme, hospital_tier, visit_type, other_member, unit, status "
            f"from {{batch}} where status = 'suppressed' and ({valued} or support_count is not null)",
            total="select count(*) from {batch} where status = 'suppressed'",
        ),
    ]
