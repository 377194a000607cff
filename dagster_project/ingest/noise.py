"""Amounts that a spreadsheet or a program worked out, which carry the tail of a binary fraction (300.29999999999995): how many, so
that somebody is told (L81).

Belongs here: counting the cells. Does not belong here: reading them as the amount that they are the image of (`values.py`, `workbook.py`).
"""

from __future__ import annotations

from decimal import Decimal

import duckdb

from dagster_project.ingest.plan import Plan
from dagster_project.ingest.scan import RuleCount
from dagster_project.ingest.values import is_noisy

RULE = "noise_removed"


def removed(connection: duckdb.DuckDBPyConnection, plan: Plan) -> list[RuleCount]:
    """Cells by column, where there are any: a workbook was counted when it was read, binary fractions of Parquet are asked here."""
    found = {
        column.name: plan.source.noisy[place]
        for column in plan.present
        if (place := plan.header.columns[column.name]) in plan.source.noisy
    }
    tests = {column.name: test for column in plan.present if (test := is_noisy(*plan.cell(column), column))}
    if tests and plan.source.rows:
        counts = ", ".join(f"count_if({test})" for test in tests.values())
        row = connection.execute(f"select {counts} from {plan.source.relation}").fetchone()
        assert row is not None
        found |= {name: int(count) for name, count in zip(tests, row, strict=True) if count}
    return [RuleCount(RULE, name, "profile", count, Decimal(0)) for name, count in found.items()]
