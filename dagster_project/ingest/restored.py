"""Codes that lost their leading zeros on the way and got them back: which rows, so that somebody is told.

Belongs here: finding these rows. Does not belong here: restoring, which is part of a cell's form (`values.py`), and which columns
have a fixed width (contracts).
"""

from __future__ import annotations

import duckdb

from dagster_project.ingest.plan import ROW, Plan

RULE = "zero_restored"


def restored_columns(connection: duckdb.DuckDBPyConnection, plan: Plan) -> list[tuple[str, str]]:
    """Columns of a file with restored codes, each with the condition on `source_row` that is true for their rows.

    Costs a look at the few columns of fixed width; rows are remembered only where there are some.
    """
    fixed = [
        column for column in plan.present if column.pad and column.landed != "drop" and column.name not in plan.plain
    ]
    if not fixed or not plan.source.rows:
        return []
    # First the delivered cells alone: nearly no file has a short one, and planning the cleaned ones takes longer than a small file.
    short = " or ".join(_may_be_short(plan.delivered(column), column.pad) for column in fixed)
    if connection.execute(f"select 1 from {plan.source.relation} where {short} limit 1").fetchone() is None:
        return []
    columns = [column.name for column in fixed]
    lost = {
        name: f"starts_with(\"{name}\", '0') and not regexp_matches(cast(\"{name}.text\" as varchar), '^[0０]')"
        for name in columns
    }
    counts = ", ".join(f"count(*) filter ({test})" for test in lost.values())
    row = connection.execute(f"select {counts} from ({plan.typed(only=columns)})").fetchone()
    assert row is not None
    found = []
    for name, count in zip(columns, row, strict=True):
        if count:
            table = f'"restored_{name}"'
            connection.execute(
                f"create or replace temp table {table} as select {ROW} as source_row from ({plan.typed(only=[name])}) where {lost[name]}"
            )
            found.append((name, f"source_row in (select source_row from {table})"))
    return found


def _may_be_short(cell: str, width: int) -> str:
    """True for every delivered cell that may lack zeros, and for few others: a number written with decimals loses them first."""
    return f"strlen({cell}) between 1 and {width - 1} or contains({cell}, '.')"
