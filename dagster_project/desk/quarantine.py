"""What lies in quarantine and still waits for a correction.

Belongs here: counts by rule and file, the rows themselves. Does not belong here: the workbook (`quarantine_book.py`), taking
corrections back (`corrections.py`), which rows were answered for (`ingest/released.py`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from dagster_project.contracts import load_contracts
from dagster_project.ingest.store import literal, rejected_rows
from dagster_project.language import Text

MASKED = "***"


@dataclass(frozen=True)
class Held:
    """Open rows of one file that break one rule; a row that breaks several stands under each."""

    extract: str
    load_id: int
    source_file: str
    rule_id: str
    column: str
    rows: int
    money: Decimal
    first_month: str  # yyyymm, '' where the rows tell none
    last_month: str

    @property
    def rule(self) -> Text:
        """What the rule asks."""
        return load_contracts()[self.extract].rule_text(self.rule_id)


@dataclass(frozen=True)
class HeldRow:
    """One open row: its cells by column, masked where they identify somebody, and the rules that it breaks with their columns."""

    load_id: int
    source_row: int
    extract: str
    source_file: str
    reasons: tuple[tuple[str, str], ...]
    cells: dict[str, str]

    @property
    def reference(self) -> str:
        """What names the row in an exported workbook."""
        return f"{self.load_id}:{self.source_row}"


def month_sql() -> str:
    """SQL of the month (yyyymm) that a quarantined row tells, from its own text; null where it tells none."""
    cases = " ".join(
        f"when {literal(name)} then json_extract_string(row_text, '$.\"{contract.month_by}\"')"
        for name, contract in load_contracts().items()
        if contract.month_by
    )
    digits = f"regexp_replace(case extract {cases} end, '[^0-9]', '', 'g')"
    return f"nullif(regexp_extract({digits}, '^((19|20|21)[0-9]{{2}}(0[1-9]|1[0-2]))', 1), '')"


def list_held(connection: duckdb.DuckDBPyConnection, extract: str | None = None) -> list[Held]:
    """Open rows by extract, rule and file, the most first."""
    rows = connection.execute(
        "select extract, load_id, source_file, rule_id, column_name, count(*), coalesce(sum(money), 0), "
        "coalesce(min(month), ''), coalesce(max(month), '') from (select extract, load_id, source_file, money, "
        f"{month_sql()} as month, unnest(rule_ids) as rule_id, unnest(columns) as column_name "
        f"from ({rejected_rows(connection, extract)})) group by all order by 1, 6 desc, 2, 4, 5"
    ).fetchall()
    return [Held(*row) for row in rows]


def count_held(connection: duckdb.DuckDBPyConnection, extract: str | None = None) -> tuple[int, Decimal]:
    """Open rows, optionally of one extract, and their money, each row once."""
    held = rejected_rows(connection, extract)
    row = connection.execute(f"select count(*), coalesce(sum(money), 0) from ({held})").fetchone()
    return (int(row[0]), Decimal(row[1])) if row else (0, Decimal(0))


def read_held(
    connection: duckdb.DuckDBPyConnection, extract: str | None = None, limit: int | None = None
) -> list[HeldRow]:
    """The open rows in the order of their files."""
    rows = connection.execute(
        f"select load_id, source_row, extract, source_file, rule_ids, columns, row_text from "
        f"({rejected_rows(connection, extract)}) order by extract, load_id, source_row"
        + (f" limit {int(limit)}" if limit is not None else "")
    ).fetchall()
    return [
        HeldRow(
            int(load_id), int(record), str(table), str(source), tuple(zip(map(str, rules), map(str, places), strict=True)),
            {name: str(cell) for name, cell in json.loads(text or "{}").items() if cell is not None},
        )
        for load_id, record, table, source, rules, places, text in rows
    ]  # fmt: skip
