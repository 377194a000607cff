"""Sample rows for people, without anything that identifies a person.

Belongs here: running a rows query for a few rows and masking. Masking goes by column name, by type (pseudonyms are
UUIDs) and by the look of a value, because a rows query may name any column.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

SAMPLE_ROWS = 10
MASK = "***"
_IDENTIFIER = re.compile(
    r"(psn_no|certno|person_key|pseudonym|(^|_)setl_id|settlement_id|mdtrt_id|encounter_id|ipt_otp_no|psn_insu_rlts_id"
    r"|(^|_)name$|stay_key|settlement_key|spell_id)",
    re.IGNORECASE,
)
_LOOKS_LIKE_A_CERTIFICATE = re.compile(r"(?<!\d)\d{15}(?:\d{2}[\dXx])?(?!\d)")
_NOT_PERSONS = {
    "file_name",
    "region_name",
    "table_name",
    "column_name",
    "institution_name",
    "check_name",
    "extract_name",
}


def sample_rows(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[dict[str, Any], ...]:
    """At most SAMPLE_ROWS rows of a query as plain values, identifiers masked."""
    relation = connection.execute(f"select * from ({query}) limit {SAMPLE_ROWS}")
    columns = [(str(column[0]), str(column[1]).upper()) for column in relation.description or ()]
    return tuple(
        {name: _shown(name, kind, value) for (name, kind), value in zip(columns, row, strict=True)}
        for row in relation.fetchall()
    )


def _shown(name: str, kind: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if kind == "UUID" or (name not in _NOT_PERSONS and _IDENTIFIER.search(name)):
        return MASK
    if isinstance(value, int | float):
        return value
    if isinstance(value, Decimal):
        return f"{value:,.2f}" if value == value.quantize(Decimal("0.01")) else str(value)
    if isinstance(value, date):
        return value.isoformat()
    return _LOOKS_LIKE_A_CERTIFICATE.sub(MASK, str(value))
