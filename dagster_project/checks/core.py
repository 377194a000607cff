"""Core: rules over rows of several extracts, counted once by dbt in `core.rule_count` and judged here.

Belongs here: the checks of stage `core`: one a rule id. Does not belong here: counting (one aggregate a core table in
dbt), shapes of models (dbt tests), texts and thresholds (`rules.yml`).
"""

from __future__ import annotations

import duckdb

from dagster_project.checks.catalogue import catalogue
from dagster_project.checks.model import Check
from dagster_project.settings import Settings


def plan(settings: Settings, connection: duckdb.DuckDBPyConnection, run_id: str) -> list[Check]:
    """One check a rule of the catalogue's core stage."""
    return [_counted(rule.id) for rule in catalogue().values() if rule.stage == "core"]


def _counted(rule_id: str) -> Check:
    """A rule whose violations were counted: no month may lie above its threshold."""
    return Check(
        rule=rule_id,
        bad=f"""
        select table_name, "month", unexpected, total, round(100.0 * unexpected / nullif(total, 0), 4) as percent, money_yuan
        from {{batch}}
        where rule_id = '{rule_id}' and unexpected >= {{at_least}} and unexpected * 100 > {{threshold}} * total
        order by "month" desc
        """,
        found=f"select sum(unexpected) from {{batch}} where rule_id = '{rule_id}'",
        total=f"select sum(total) from {{batch}} where rule_id = '{rule_id}'",
        counted=f"select count(*) from {{batch}} where rule_id = '{rule_id}'",
    )
