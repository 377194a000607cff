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
    columns = [column.name for column in plan.present if column.pad and column.landed != "drop"]
    if not columns or not plan.source.rows:
        return []
    lost = {
        name: f"starts_with(\"{name}\", '0') and not starts_with(cast(\"{name}.text\" as varchar), '0')"
        for name in columns
    }
    counts = ", ".join(f"count(*) filter ({test})" for test in lost.values())
    row = connection.execute(f"select {counts} from ({plan.typed()})").fetchone()
    assert row is not None
    found = []
    for name, count in zip(columns, row, strict=True):
        if count:
            table = f'"restored_{name}"'
            connection.execute(
                f"create or replace temp table {table} as select {ROW} as source_row from ({plan.typed()}) where {lost[name]}"
            )
            found.append((name, f"source_row in (select source_row from {table})"))
    return found
