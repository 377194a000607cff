"""Columns of which a file holds nothing but plain cells: codes of their set, digits, dates in the usual form.

Belongs here: asking that of the columns that a Parquet file keeps as a dictionary. Does not belong here: what becomes of a cell that
is not plain (`values.py`), what a plain column spares (`plan.py`).

Nearly all columns of a delivery are codes of a few letters, and nearly all of their cells need nothing done. DuckDB asks a function
once an entry of a dictionary, but works out a CASE for every row; so the entries are asked first, by one pattern, and only a
column with anything else is trimmed, compared with the words for null, padded, and judged cell by cell. A pattern takes fewer cells
than the rulings allow, never one more: `test_ingest_plain.py` compares both ways.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from dagster_project.contracts import Column, Contract, null_words
from dagster_project.ingest import values
from dagster_project.ingest.codes import REGIONS, code_names, is_region, known_codes
from dagster_project.ingest.header import HeaderMatch
from dagster_project.ingest.readable import Source
from dagster_project.ingest.values import MONTH_FORM, YEARS

# Letters and digits, with at least one digit: no word for null, nothing to trim, no number with decimals or an exponent.
_CODE = "[0-9A-Z]*[0-9][0-9A-Z]*"
_REGION = "[0-9]{6}"
TEXT = "VARCHAR"


@dataclass(frozen=True)
class Plain:
    """What is known of all cells of one column of text."""

    may_be_empty: bool  # '' stands for no value in some of them
    is_known: bool  # every code is in its set


def plain_columns(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    source: Source,
    header: HeaderMatch,
    entries: Mapping[int, Sequence[str]],
) -> dict[str, Plain]:
    """The plain columns of a file by name, of those whose `entries` are known by place."""
    found: dict[str, Plain] = {}
    of_regions: dict[str, set[str]] = {}
    for column in contract.columns:
        place = header.columns.get(column.name)
        if place is None or place not in entries or not (pattern := pattern_of(column)):
            continue
        is_plain = re.compile(f"({pattern})?").fullmatch
        if all(is_plain(entry) for entry in entries[place]):
            found[column.name] = Plain("" in entries[place], bool(column.code_set))
            if column.code_set == REGIONS:
                of_regions[column.name] = set(entries[place]) - {""}
    unknown = _unknown_regions(connection, sorted(set().union(*of_regions.values())))
    return found | {name: replace(found[name], is_known=not codes & unknown) for name, codes in of_regions.items()}


def _unknown_regions(connection: duckdb.DuckDBPyConnection, codes: list[str]) -> set[str]:
    """Asked once an entry: for every row of a code that must be looked up by its prefecture, it costs 100 to 150 ns."""
    if not codes:
        return set()
    rows = connection.execute(
        f"select code from (select unnest($1::varchar[]) as code) where not ({is_region('code')})", [codes]
    ).fetchall()
    return {str(code) for (code,) in rows}


def kept_values(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    header: HeaderMatch,
    entries: Mapping[int, Sequence[str]],
    plain: Mapping[str, Plain],
) -> dict[str, list[str]]:
    """All values that columns of text may have in raw, by name, worked out once an entry: raw is written from them as an enumeration.

    Writing a column of text finds every cell in its dictionary twice, which is half of writing a month of settlements; looking it up
    as an enumeration costs half of that, and its numbers are written as they are. What is read from the file is text as before.
    """
    found: dict[str, list[str]] = {}
    names = code_names()
    for column in contract.landed:
        place = header.columns.get(column.name)
        if place is None or place not in entries or column.type != "varchar" or column.landed != "as_is":
            continue
        if column.name in plain:
            found[column.name] = [entry for entry in entries[place] if entry]
            continue
        typed = values.typed("cell", TEXT, column, names.get(column.code_set or "", {}))
        cleaned = f"select {values.trimmed('cell', TEXT)} as cell from (select unnest($1::varchar[]) as cell)"
        rows = connection.execute(
            f"select distinct {typed} as value from (select {values.without_null_words('cell', TEXT)} as cell from ({cleaned})) "
            "order by 1",
            [list(entries[place])],
        ).fetchall()
        found[column.name] = [str(value) for (value,) in rows if value is not None]
    return {name: known for name, known in found.items() if known}


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
