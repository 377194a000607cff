"""The other measure of intake: all tables and columns that the product keeps, typed and pseudonymised, and nothing else.

The yardstick reads narrow columns of the extracts that a headline indicator needs. This reads every landed file of all
extracts, gives every column that reaches raw its type by the contract, makes every pseudonym and writes Parquet a table: the
product's intake without rules, quarantine, counts, versions, months and records. Broken cells become null.

Belongs here: that one statement a table. Does not belong here: anything else. Run as
`python -m bench.same_tables LANDING DATABASE`; the last line printed is JSON.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import duckdb

from bench.landed import readable_files
from bench.yardstick import SCRIPT, arguments, open_database
from dagster_project.contracts import Column, load_contracts

_READERS = {
    "parquet": "read_parquet({})",
    "csv": "read_csv({}, all_varchar = true)",
    "tsv": "read_csv({}, all_varchar = true, delim = '\\t')",
}
_PARQUET = "format parquet, compression zstd, compression_level 1, per_thread_output"


def run(
    landing: Path, database: Path, key: bytes, threads: int, memory_limit: str | None = None
) -> list[dict[str, object]]:
    """Write raw/<table>/*.parquet beside the database; name, end and seconds of the one section."""
    begun = time.time()
    folder = database.parent / "raw"
    folder.mkdir()
    with open_database(database, key, threads, memory_limit) as connection:
        connection.execute(_macros())
        files = readable_files(landing, database.parent / "recoded")
        registered = [str(file.path) for file in files if file.table == "psn_info_b"]
        connection.execute(
            "create temp table known_person as select psn_no, pseudonym(psn_no) as person from "
            "(select distinct psn_no from read_parquet($1::varchar[]) where psn_no is not null) as registered",
            [registered],
        )
        for table in sorted({file.table for file in files}):
            forms = sorted({file.form for file in files if file.table == table})
            rows = " union all by name ".join(
                _typed(
                    connection, table, form, [file.path for file in files if (file.table, file.form) == (table, form)]
                )
                for form in forms
            )
            connection.execute(f"copy ({rows}) to '{folder / table}' ({_PARQUET})")
    return [{"stage": "same_tables", "ended": time.time(), "seconds": time.time() - begun}]


def _macros() -> str:
    """The yardstick's own macros of pseudonyms, so that both hash alike."""
    text = SCRIPT.read_text(encoding="utf-8")
    wanted = ("pseudonym(", "check_character(", "raised(", "certificate(")
    return "".join(
        f"create macro {part.split(';')[0]};" for part in text.split("create macro ")[1:] if part.startswith(wanted)
    )


def _typed(connection: duckdb.DuckDBPyConnection, table: str, form: str, paths: list[Path]) -> str:
    source = _READERS[form].format([str(path) for path in paths])
    delivered = {row[0] for row in connection.execute(f"describe select * from {source}").fetchall()}
    columns = [
        f"{_expression(column)} as {column.name}"
        for column in load_contracts()[table].landed
        if column.name in delivered
    ]
    join = "left join known_person using (psn_no)" if "psn_no" in delivered else ""
    return f"select {', '.join(columns)} from {source} as landed {join}"


def _expression(column: Column) -> str:
    if column.name == "psn_no":
        return "coalesce(person, pseudonym(psn_no))"
    if column.landed == "pseudonym":
        return f"pseudonym(certificate(psn_cert_type, {column.name}))"
    value = f"try_cast({column.name} as {column.sql_type})"
    return f"cast(date_trunc('month', {value}) as date)" if column.landed == "month" else value


if __name__ == "__main__":
    given = arguments()
    print(json.dumps(run(given.landing, given.database, given.key, given.threads, given.memory_limit)))
