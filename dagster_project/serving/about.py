"""What a reader of the served file must know before the first query.

Belongs here: the table `about`: kind of data, vintages, dates, definitions, run, program, parameters. Does not belong here: the
other tables, writing the file.
"""

from __future__ import annotations

import re

import duckdb
import polars as pl

from dagster_project.dictionary import definition_id
from dagster_project.disclosure import load_parameters
from dagster_project.settings import now

_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}")
_SCHEMA = {"item": pl.String, "value_zh": pl.String, "value_en": pl.String}


def about(connection: duckdb.DuckDBPyConnection, run_id: str) -> pl.DataFrame:
    """The facts, one a row, in both languages; the kind of data first."""
    meta = {str(key): str(value) for key, value in connection.execute("select key, value from ops.meta").fetchall()}
    run = connection.execute("select code_version from ops.run where run_id = ?", [run_id]).fetchone()
    current, frozen = _vintages(connection)
    minimum = load_parameters().min_cell
    province = meta.get("province", "")
    facts = [
        ("data", "合成数据，不是真实统计", "synthetic data, not statistics of anything")
        if is_synthetic(meta)
        else ("data", "医保平台来源数据", "extracts of the healthcare security platform"),
        ("vintage", current, current),
        _as_of(meta, current),
        ("frozen_vintages", "、".join(frozen) or "无", ", ".join(frozen) or "none"),
        ("made_at", f"{now().isoformat()}Z", f"{now().isoformat()}Z"),
        _definitions(connection, province),
        ("province", province, province),
        ("run_id", run_id, run_id),
        ("code_version", run[0] if run else "", run[0] if run else ""),
        (
            "disclosure_control",
            f"单元计数小于 {minimum} 的数值，以及可由其推算出它们的数值，都不公布（status = suppressed 或 is_suppressed）",
            f"figures on fewer than {minimum} units are withheld, and those from which they could be computed "
            "(status = suppressed or is_suppressed)",
        ),
        ("unit", "金额单位为元", "amounts in yuan"),
    ]
    return pl.DataFrame(facts, schema=_SCHEMA, orient="row")


def is_synthetic(meta: dict[str, str]) -> bool:
    """Whether a home's data are invented."""
    return meta.get("synthetic", "").lower() == "true"


def _vintages(connection: duckdb.DuckDBPyConnection) -> tuple[str, list[str]]:
    """The working vintage, and the frozen ones beside it."""
    names = {
        str(row[0]) for row in connection.execute("select distinct vintage from publication.indicator_value").fetchall()
    }
    frozen = sorted(
        str(row[0]) for row in connection.execute("select distinct vintage from publication.frozen_value").fetchall()
    )
    return max(names - set(frozen), default=""), frozen


def _as_of(meta: dict[str, str], vintage: str) -> tuple[str, str, str]:
    if "as_of" in meta:
        day = meta["as_of"]
        return ("as_of", f"截至 {day}，按该日已交付的数据重算", f"as of {day}, from what had been delivered by then")
    found = _DATE.match(vintage)
    day = found.group() if found else ""
    return ("as_of", day, day)


def _definitions(connection: duckdb.DuckDBPyConnection, province: str) -> tuple[str, str, str]:
    """One id for all definition choices of the latest year, as `definition_id` is made."""
    year = connection.execute("select max(year) from publication.indicator_value").fetchone()
    latest = year[0] if year else None
    choices = connection.execute(
        "select switch, value from ops.definition_choice where province = ? and year = ?", [province, latest]
    ).fetchall()
    found = definition_id((str(switch), str(value)) for switch, value in choices)
    return (
        "definition_set",
        f"{latest} 年全部口径选择 {found}（{len(choices)} 项）；各指标所用的口径见 definition 表",
        f"all definition choices of {latest}: {found} ({len(choices)} choices); those of each indicator are in table definition",
    )
