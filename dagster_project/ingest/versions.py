"""Row versions (S5) and the months that a delivery touches.

Belongs here: which row of a key is current, written as the small table of those that are not. Does not belong here:
anything about files.
"""

from __future__ import annotations

import duckdb

from dagster_project.settings import Settings


def settle_versions(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[int]:
    """placeholder"""
    connection.execute("update ops.load set rows_superseded = 0 where rows_superseded is null")
    connection.execute(
        "insert into ops.touched_month select distinct month::integer from ops.load_month where extract='setl_d' and load_id not in (select load_id from ops.built_load)"
    )
    return []
