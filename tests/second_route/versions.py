"""Which of several delivered versions of a row is the one that counts.

Belongs here: newest version by key (S5), closing of rows that a newer full delivery no longer holds. Does not belong
here: rules of a particular table.
"""

from __future__ import annotations

import polars as pl

from tests.second_route.constants import COLUMNS, VERSION_BY


def _run_order() -> pl.Expr:
    """Order of grouping runs: the months of a year, then its year-end run."""
    return pl.col("run_id").str.replace("YE$", "99")


def newest(table: str, rows: pl.LazyFrame) -> pl.LazyFrame:
    """One row a key: the newest version, then the newest delivery, then the content itself."""
    key = [column.name for column in COLUMNS[table] if column.key]
    content = [column.name for column in COLUMNS[table] if not column.key]
    version = VERSION_BY.get(table)
    order = ([pl.col(version)] if version else []) + [pl.col("_delivered")]
    if table in ("fund_ledger_m", "adm_return"):
        key = [name for name in key if name != "as_of"]
    if table == "drg_dip_group_result":
        order = [_run_order(), *order]
    return rows.sort([*order, pl.struct(content).hash(seed=1)], descending=False, nulls_last=False).unique(
        subset=key, keep="last", maintain_order=True
    )


def standing(table: str, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Current rows of a table: newest versions, and nothing from before the last full delivery (the manifest says which)."""
    last_full = pl.col("_delivered").filter(pl.col("_full")).max()
    return newest(table, rows.filter(last_full.is_null() | (pl.col("_delivered") >= last_full)))
