"""The yardstick's intake: one statement a table, generated from the contracts' columns, that nobody has to read 400 times.

Every landed file of every extract becomes typed Parquet, one folder a table, with pseudonyms for persons and certificates:
the tables that the product keeps in raw, and nothing else. A row of a text file with a cell that is not of its column's type
is left out; Parquet brings its types along. `narrow` keeps only tables and columns that the model section names.

Belongs here: those statements. Does not belong here: the macros and the model (`yardstick.sql`), reading odd files
(`landed.py`), the clock (`yardstick.py`).
"""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

import duckdb

from bench.landed import Readable
from dagster_project.contracts import Column, load_contracts, null_words

_NULLS = ", ".join(f"'{word}'" for word in null_words())
_READERS = {
    "parquet": "read_parquet({})",
    "csv": f"read_csv({{}}, all_varchar = true, nullstr = [{_NULLS}])",
    "tsv": f"read_csv({{}}, all_varchar = true, nullstr = [{_NULLS}], delim = '\\t')",
}
_PARQUET = "format parquet, compression zstd, compression_level 1, per_thread_output"


def write_tables(
    connection: duckdb.DuckDBPyConnection, files: list[Readable], folder: Path, names: frozenset[str] | None
) -> None:
    """Write FOLDER/<table>/*.parquet and make a view of that name for each; `names` are the words of a narrow script."""
    folder.mkdir()
    for table, of_table in groupby(
        sorted(files, key=lambda file: (file.table, file.form)), key=lambda file: file.table
    ):
        if names is not None and table not in names:
            continue
        forms = groupby(of_table, key=lambda file: file.form)
        rows = " union all by name ".join(
            _typed(connection, table, form, [file.path for file in of_form], names) for form, of_form in forms
        )
        connection.execute(f"copy ({rows}) to '{folder / table}' ({_PARQUET})")
        connection.execute(f"create view {table} as select * from read_parquet('{folder / table}/*.parquet')")


def names_in(script: str) -> frozenset[str]:
    """All words of a script without its comments: what a table or column has to be called to be needed by it."""
    return frozenset(re.findall(r"\w+", re.sub("--.*", "", script)))


def _typed(
    connection: duckdb.DuckDBPyConnection, table: str, form: str, paths: list[Path], names: frozenset[str] | None
) -> str:
    source = _READERS[form].format([str(path) for path in paths])
    delivered = {row[0] for row in connection.execute(f"describe select * from {source}").fetchall()}
    columns = [
        column
        for column in load_contracts()[table].landed
        if column.name in delivered and (names is None or column.name in names)
    ]
    kind = "psn_cert_type" if "psn_cert_type" in delivered else "'01'"
    cells = [f"{_cell(column, form != 'parquet', kind)} as {column.name}" for column in columns]
    known = "left join known_person using (psn_no)" if any(column.name == "psn_no" for column in columns) else ""
    whole = [
        f"({column.name} is null or {_value(column)} is not null)" for column in columns if column.type != "varchar"
    ]
    kept = f"where {' and '.join(whole)}" if whole and form != "parquet" else ""
    return f"select {', '.join(cells)} from {source} as landed {known} {kept}"


def _cell(column: Column, is_text: bool, kind_of_certificate: str) -> str:
    if column.name == "psn_no":
        return "coalesce(known_person.person, pseudonym(psn_no))"
    if column.name.endswith("psn_no"):
        return f"pseudonym({column.name})"
    if column.landed == "pseudonym":
        return f"pseudonym(certificate({kind_of_certificate}, {column.name}))"
    value = _value(column) if is_text else f"cast({column.name} as {column.sql_type})"
    return f"cast(date_trunc('month', {value}) as date)" if column.landed == "month" else value


def _value(column: Column) -> str:
    """A text cell as a value of its column's type, null when it is none."""
    name = column.name
    if column.type == "varchar":  # leading zeros get lost in spreadsheets
        return f"case when length({name}) < {column.pad} then lpad({name}, {column.pad}, '0') else {name} end"
    value = f"try_cast({name} as {column.sql_type})"
    if column.type == "decimal":  # more decimals are a broken cell, not something to round
        return f"case when strpos({name}, '.') = 0 or strlen({name}) - strpos({name}, '.') <= {column.scale} then {value} end"
    # DuckDB takes hour 24 for the next day.
    return f"case when {name} not like '% 24:%' then {value} end" if column.type == "timestamp" else value
