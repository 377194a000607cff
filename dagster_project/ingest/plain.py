"""Columns of which a file holds nothing but plain cells: codes of their set, digits, dates in the usual form.

Belongs here: asking that of the columns that a Parquet file keeps as a dictionary. Does not belong here: what becomes of a cell that
is not plain (`values.py`), what a plain column spares (`plan.py`).

Nearly all columns of a delivery are codes of a few letters, and nearly all of their cells need nothing done. DuckDB asks a function
once an entry of a dictionary, but works out a CASE for every row; so the whole column is asked first, by one pattern, and only a
column with anything else is trimmed, compared with the words for null, padded, and judged cell by cell. A pattern takes fewer cells
than the rulings allow, never one more: `test_ingest_plain.py` compares both ways.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from dagster_project.contracts import Column, Contract, null_words
from dagster_project.ingest.codes import REGIONS, code_names, known_codes
from dagster_project.ingest.header import HeaderMatch
from dagster_project.ingest.readable import Source
from dagster_project.ingest.store import literal
from dagster_project.ingest.values import MONTH_FORM, YEARS

# Letters and digits, with at least one digit: no word for null, nothing to trim, no number with decimals or an exponent.
_CODE = "[0-9A-Z]*[0-9][0-9A-Z]*"
_REGION = "[0-9]{6}"


@dataclass(frozen=True)
class Plain:
    """What is known of all cells of one column of text."""

    may_be_empty: bool  # '' stands for no value in some of them
    is_known: bool  # every code is in its set


def plain_columns(
    connection: duckdb.DuckDBPyConnection, contract: Contract, source: Source, header: HeaderMatch
) -> dict[str, Plain]:
    """The plain columns of a file by name, of those that it keeps as dictionaries; one narrow scan."""
    asked: list[tuple[Column, str]] = []
    parts: list[str] = []
    for column in contract.columns:
        place = header.columns.get(column.name)
        if place is None or place not in source.coded or source.types[place] != "VARCHAR":
            continue
        if not (pattern := pattern_of(column)):
            continue
        cell = f'"{source.columns[place].replace(chr(34), chr(34) * 2)}"'
        asked.append((column, pattern))
        parts += [f"bool_and(regexp_full_match({cell}, {literal(f'({pattern})?')}))", f"min(strlen({cell}))"]
    if not asked or not source.rows:
        return {}
    row = connection.execute(f"select {', '.join(parts)} from {source.relation}").fetchone()
    assert row is not None
    return {
        column.name: Plain(shortest == 0, bool(column.code_set) and column.code_set != REGIONS)
        for (column, _), is_plain, shortest in zip(asked, row[0::2], row[1::2], strict=True)
        if is_plain is not False  # null where no row has a value
    }


def pattern_of(column: Column) -> str:
    """A regular expression of the plain cells of a column; "" where there are none, or not worth the asking."""
    if column.type == "decimal":
        digits = f"-?[0-9]{{1,{column.precision - column.scale}}}"
        return f"{digits}([.][0-9]{{1,{column.scale}}})?" if column.scale else digits
    if column.type == "date":
        return "" if column.open_end else f"{YEARS}-[0-9]{{2}}-[0-9]{{2}}"
    if column.type != "varchar" or column.name == "certno":
        return ""
    if column.form == "month":
        return MONTH_FORM
    if column.code_set == REGIONS:
        return _REGION if column.length >= 6 >= column.pad else ""
    if column.code_set:
        names = code_names().get(column.code_set, {})
        return "|".join(re.escape(code) for code in known_codes(column.code_set) if _is_plain(code, column, names))
    return "" if column.pad or column.form else _CODE


def _is_plain(code: str, column: Column, names: dict[str, str]) -> bool:
    is_bare = code.isascii() and code.isalnum() and code not in null_words()
    return is_bare and column.pad <= len(code) <= column.length and code not in names
